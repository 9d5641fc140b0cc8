using System.Buffers;
using System.Buffers.Binary;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>Writes openings: numbers big-endian, elements little-endian, a path behind its length in one byte.</summary>
internal sealed class OpeningWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void Byte(byte value) => _buffer.Write([value]);

    public void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(sizeof(int)), value);
        _buffer.Advance(sizeof(int));
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    public void Elements(ReadOnlySpan<ushort> elements)
    {
        TraceHash.Copy(elements, _buffer.GetSpan(elements.Length * sizeof(ushort)));
        _buffer.Advance(elements.Length * sizeof(ushort));
    }

    public void Elements(ReadOnlySpan<float> elements)
    {
        TraceHash.Copy(elements, _buffer.GetSpan(elements.Length * sizeof(float)));
        _buffer.Advance(elements.Length * sizeof(float));
    }

    public void Path(IReadOnlyList<byte[]> path)
    {
        Byte(checked((byte)path.Count));
        foreach (byte[] hash in path)
        {
            Bytes(hash);
        }
    }
}
