using System.Buffers.Binary;
using System.Text.Unicode;

namespace Verathos.Protocol.Cbor;

/// <summary>
/// Checks bytes against the core deterministic encoding of RFC 8949 section 4.2.1: shortest heads, definite lengths,
/// map keys in bytewise order of their encodings and never twice, valid UTF-8, one item and nothing after it.
/// Of simple values only false, true and null are accepted, and no floating-point number: none of the structures here has one.
/// </summary>
/// <remarks>https://www.rfc-editor.org/rfc/rfc8949#section-4.2.1. .NET's Canonical conformance mode is the older
/// length-first order of RFC 7049 and differs: for the keys -1 and 100 it is {-1, 100}, here {100, -1}.</remarks>
public static class DeterministicCbor
{
    /// <summary>Items nested deeper than this are refused.</summary>
    public const int MaxDepth = 16;

    /// <summary>True if <paramref name="data"/> is exactly one deterministically encoded item.</summary>
    public static bool TryValidate(ReadOnlySpan<byte> data, out CborError error)
    {
        int offset = 0;
        error = Item(data, ref offset, 0);
        if (error == CborError.None && offset != data.Length)
        {
            error = CborError.TrailingBytes;
        }

        return error == CborError.None;
    }

    /// <summary>Reads a head at <paramref name="offset"/>: major type 0 to 7 and its argument, which must be in the shortest form.</summary>
    internal static CborError Head(ReadOnlySpan<byte> data, ref int offset, out int major, out ulong argument)
    {
        major = 0;
        argument = 0;
        if (offset >= data.Length)
        {
            return CborError.Truncated;
        }

        byte first = data[offset++];
        major = first >> 5;
        int info = first & 31;
        if (info < 24)
        {
            argument = (ulong)info;
            return CborError.None;
        }

        if (info == 31)
        {
            return CborError.IndefiniteLength;
        }

        if (info > 27)
        {
            return CborError.ReservedHead;
        }

        int size = 1 << (info - 24);
        if (data.Length - offset < size)
        {
            return CborError.Truncated;
        }

        ReadOnlySpan<byte> bytes = data.Slice(offset, size);
        offset += size;
        ulong least;
        (argument, least) = size switch
        {
            1 => (bytes[0], 24UL),
            2 => (BinaryPrimitives.ReadUInt16BigEndian(bytes), 0x100UL),
            4 => (BinaryPrimitives.ReadUInt32BigEndian(bytes), 0x1_0000UL),
            _ => (BinaryPrimitives.ReadUInt64BigEndian(bytes), 0x1_0000_0000UL),
        };
        if (major == 7)
        {
            return CborError.UnsupportedSimple;
        }

        return argument < least ? CborError.NotShortest : CborError.None;
    }

    /// <summary>Walks one whole item.</summary>
    internal static CborError Item(ReadOnlySpan<byte> data, ref int offset, int depth)
    {
        if (depth > MaxDepth)
        {
            return CborError.TooDeep;
        }

        CborError error = Head(data, ref offset, out int major, out ulong argument);
        if (error != CborError.None)
        {
            return error;
        }

        switch (major)
        {
            case 0 or 1:
                return CborError.None;
            case 2 or 3:
                if (argument > (ulong)(data.Length - offset))
                {
                    return CborError.Truncated;
                }

                ReadOnlySpan<byte> text = data.Slice(offset, (int)argument);
                offset += text.Length;
                return major == 3 && !Utf8.IsValid(text) ? CborError.InvalidUtf8 : CborError.None;
            case 4:
                return Items(data, ref offset, argument, depth);
            case 5:
                return Pairs(data, ref offset, argument, depth);
            case 6:
                return Item(data, ref offset, depth + 1);
            default:
                return argument is 20 or 21 or 22 ? CborError.None : CborError.UnsupportedSimple;
        }
    }

    private static CborError Items(ReadOnlySpan<byte> data, ref int offset, ulong count, int depth)
    {
        if (count > (ulong)(data.Length - offset))
        {
            return CborError.Truncated;
        }

        for (ulong i = 0; i < count; i++)
        {
            CborError error = Item(data, ref offset, depth + 1);
            if (error != CborError.None)
            {
                return error;
            }
        }

        return CborError.None;
    }

    private static CborError Pairs(ReadOnlySpan<byte> data, ref int offset, ulong count, int depth)
    {
        if (count > (ulong)(data.Length - offset) / 2)
        {
            return CborError.Truncated;
        }

        ReadOnlySpan<byte> previous = default;
        for (ulong i = 0; i < count; i++)
        {
            int start = offset;
            CborError error = Item(data, ref offset, depth + 1);
            if (error != CborError.None)
            {
                return error;
            }

            ReadOnlySpan<byte> key = data[start..offset];
            if (i > 0)
            {
                int order = previous.SequenceCompareTo(key);
                if (order >= 0)
                {
                    return order == 0 ? CborError.DuplicateKey : CborError.KeyOrder;
                }
            }

            previous = key;
            error = Item(data, ref offset, depth + 1);
            if (error != CborError.None)
            {
                return error;
            }
        }

        return CborError.None;
    }
}
