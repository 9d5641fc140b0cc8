using System.Buffers.Binary;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>Reads what <see cref="OpeningWriter"/> writes. After the first thing that is not there everything is empty and <see cref="Failed"/> is set.</summary>
internal ref struct OpeningReader(ReadOnlySpan<byte> encoded)
{
    // No tree of an answer is higher.
    private const int LongestPath = 48;
    private ReadOnlySpan<byte> _rest = encoded;

    /// <summary>Whether something was missing or out of range.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether nothing was missing and nothing is left.</summary>
    public readonly bool IsComplete => !Failed && _rest.IsEmpty;

    public byte Byte() => Take(1) is [byte value] ? value : (byte)0;

    public int Int32() => Take(sizeof(int)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt32BigEndian(bytes) : 0;

    public long Int64() => Take(sizeof(long)) is { Length: > 0 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;

    public byte[] Bytes(long count) => Take(count).ToArray();

    public ushort[] UInt16s(long count)
    {
        ReadOnlySpan<byte> bytes = Take(count * sizeof(ushort));
        ushort[] values = new ushort[bytes.Length / sizeof(ushort)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(sizeof(ushort) * i)..]);
        }

        return values;
    }

    public float[] Singles(long count)
    {
        ReadOnlySpan<byte> bytes = Take(count * sizeof(float));
        float[] values = new float[bytes.Length / sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(sizeof(float) * i)..]);
        }

        return values;
    }

    public IReadOnlyList<byte[]> Path()
    {
        int count = Byte();
        Failed |= count > LongestPath;
        byte[][] path = new byte[Failed ? 0 : count][];
        for (int i = 0; i < path.Length; i++)
        {
            path[i] = Bytes(TraceHash.Size);
        }

        return path;
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (Failed || count < 0 || count > _rest.Length)
        {
            Failed = true;
            return default;
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
