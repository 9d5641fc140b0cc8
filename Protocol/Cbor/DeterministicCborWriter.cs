using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Verathos.Protocol.Cbor;

/// <summary>Writes items in the core deterministic encoding of RFC 8949 section 4.2.1. Maps are put together, and sorted, by <see cref="DeterministicCborMap"/>.</summary>
public sealed class DeterministicCborWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    /// <summary>Everything written so far.</summary>
    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    /// <summary>Everything written so far, in a new array.</summary>
    public byte[] ToArray() => buffer.WrittenSpan.ToArray();

    /// <summary>Writes an unsigned integer.</summary>
    public DeterministicCborWriter UInt64(ulong value) => Head(0, value);

    /// <summary>Writes an integer.</summary>
    public DeterministicCborWriter Int64(long value) => value >= 0 ? Head(0, (ulong)value) : Head(1, (ulong)(-1 - value));

    /// <summary>Writes a byte string.</summary>
    public DeterministicCborWriter Bytes(ReadOnlySpan<byte> value)
    {
        Head(2, (ulong)value.Length);
        buffer.Write(value);
        return this;
    }

    /// <summary>Writes a text string; throws on a lone surrogate, which has no UTF-8 form.</summary>
    public DeterministicCborWriter Text(string value)
    {
        byte[] utf8 = StrictUtf8.GetBytes(value);
        Head(3, (ulong)utf8.Length);
        buffer.Write(utf8);
        return this;
    }

    /// <summary>Writes false or true.</summary>
    public DeterministicCborWriter Boolean(bool value) => Head(7, value ? 21UL : 20UL);

    /// <summary>Writes null.</summary>
    public DeterministicCborWriter Null() => Head(7, 22);

    /// <summary>Writes the head of an array; that many items must follow.</summary>
    public DeterministicCborWriter Array(int count) => Head(4, (ulong)count);

    /// <summary>Writes the head of a tag; one item must follow.</summary>
    public DeterministicCborWriter Tag(ulong tag) => Head(6, tag);

    /// <summary>Writes a map, its keys sorted.</summary>
    public DeterministicCborWriter Map(DeterministicCborMap map)
    {
        map.WriteTo(this);
        return this;
    }

    /// <summary>Writes an item that is already encoded.</summary>
    public DeterministicCborWriter Encoded(ReadOnlySpan<byte> item)
    {
        buffer.Write(item);
        return this;
    }

    internal DeterministicCborWriter Head(int major, ulong argument)
    {
        Span<byte> head = buffer.GetSpan(9);
        int length = argument switch
        {
            < 24 => 1,
            <= byte.MaxValue => 2,
            <= ushort.MaxValue => 3,
            <= uint.MaxValue => 5,
            _ => 9,
        };
        int info = length switch { 1 => (int)argument, 2 => 24, 3 => 25, 5 => 26, _ => 27 };
        head[0] = (byte)((major << 5) | info);
        switch (length)
        {
            case 2: head[1] = (byte)argument; break;
            case 3: BinaryPrimitives.WriteUInt16BigEndian(head[1..], (ushort)argument); break;
            case 5: BinaryPrimitives.WriteUInt32BigEndian(head[1..], (uint)argument); break;
            case 9: BinaryPrimitives.WriteUInt64BigEndian(head[1..], argument); break;
            default: break;
        }

        buffer.Advance(length);
        return this;
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
