using System.Buffers;
using System.Buffers.Binary;

namespace Verathos.Protocol.Bhttp;

/// <summary>Variable-length integers of RFC 9000 section 16: two bits of length, then 6, 14, 30 or 62 bits, big-endian.</summary>
public static class VarInt
{
    /// <summary>The largest value, 2^62 - 1.</summary>
    public const ulong Max = (1UL << 62) - 1;

    /// <summary>Bytes that <paramref name="value"/> takes in its shortest form.</summary>
    public static int LengthOf(ulong value) => value switch
    {
        < 1UL << 6 => 1,
        < 1UL << 14 => 2,
        < 1UL << 30 => 4,
        <= Max => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    /// <summary>Writes the shortest form.</summary>
    public static void Write(IBufferWriter<byte> output, ulong value)
    {
        Span<byte> destination = output.GetSpan(8);
        output.Advance(Write(destination, value));
    }

    /// <summary>Writes the shortest form and returns its length.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        int length = LengthOf(value);
        switch (length)
        {
            case 1:
                destination[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(value | 0x4000));
                break;
            case 4:
                BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)value | 0x8000_0000);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(destination, value | 0xC000_0000_0000_0000);
                break;
        }

        return length;
    }

    /// <summary>
    /// Reads at <paramref name="offset"/> and moves it; <see cref="BhttpError.Truncated"/> if more bytes are needed. RFC 9000 allows
    /// longer forms than needed; they are refused here, so that a message has one encoding.
    /// </summary>
    public static BhttpError Read(ReadOnlySpan<byte> data, scoped ref int offset, out ulong value)
    {
        value = 0;
        if (offset >= data.Length)
        {
            return BhttpError.Truncated;
        }

        int length = 1 << (data[offset] >> 6);
        if (data.Length - offset < length)
        {
            return BhttpError.Truncated;
        }

        ulong result = (ulong)(data[offset] & 0x3f);
        for (int i = 1; i < length; i++)
        {
            result = (result << 8) | data[offset + i];
        }

        if (LengthOf(result) != length)
        {
            return BhttpError.NotShortest;
        }

        offset += length;
        value = result;
        return BhttpError.None;
    }
}
