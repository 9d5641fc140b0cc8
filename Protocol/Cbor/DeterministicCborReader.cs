using System.Text;

namespace Verathos.Protocol.Cbor;

/// <summary>
/// Reads items one after another out of bytes that <see cref="DeterministicCbor.TryValidate"/> accepted. Every method returns
/// false, and leaves the position where it was, if the next item has another type or does not fit.
/// </summary>
public ref struct DeterministicCborReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> data = data;
    private int offset;

    /// <summary>Bytes read so far.</summary>
    public readonly int Offset => offset;

    /// <summary>True when every byte has been read.</summary>
    public readonly bool AtEnd => offset == data.Length;

    /// <summary>Reads an unsigned integer (major type 0).</summary>
    public bool TryReadUInt64(out ulong value) => TryHead(0, out value);

    /// <summary>Reads an integer (major type 0 or 1) that fits 64 bits with sign.</summary>
    public bool TryReadInt64(out long value)
    {
        int start = offset;
        if (TryHead(0, out ulong argument) && argument <= long.MaxValue)
        {
            value = (long)argument;
            return true;
        }

        offset = start;
        if (TryHead(1, out argument) && argument <= long.MaxValue)
        {
            value = -1 - (long)argument;
            return true;
        }

        offset = start;
        value = 0;
        return false;
    }

    /// <summary>Reads an unsigned integer that fits 32 bits.</summary>
    public bool TryReadUInt32(out uint value)
    {
        int start = offset;
        if (TryHead(0, out ulong wide) && wide <= uint.MaxValue)
        {
            value = (uint)wide;
            return true;
        }

        offset = start;
        value = 0;
        return false;
    }

    /// <summary>Reads a byte string (major type 2) in place.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> value) => TryString(2, out value);

    /// <summary>Reads a byte string of exactly <paramref name="length"/> bytes into a new array.</summary>
    public bool TryReadBytes(int length, out byte[] value)
    {
        int start = offset;
        if (TryString(2, out ReadOnlySpan<byte> span) && span.Length == length)
        {
            value = span.ToArray();
            return true;
        }

        offset = start;
        value = [];
        return false;
    }

    /// <summary>Reads a text string (major type 3).</summary>
    public bool TryReadText(out string value)
    {
        if (TryString(3, out ReadOnlySpan<byte> span))
        {
            value = Encoding.UTF8.GetString(span);
            return true;
        }

        value = string.Empty;
        return false;
    }

    /// <summary>Reads an array's head: the number of items that follow.</summary>
    public bool TryReadArray(out int count) => TryCount(4, 1, out count);

    /// <summary>Reads a map's head: the number of key and value pairs that follow.</summary>
    public bool TryReadMap(out int count) => TryCount(5, 2, out count);

    /// <summary>Reads a tag's head (major type 6).</summary>
    public bool TryReadTag(out ulong tag) => TryHead(6, out tag);

    /// <summary>Reads false or true.</summary>
    public bool TryReadBoolean(out bool value)
    {
        int start = offset;
        if (TryHead(7, out ulong simple) && simple is 20 or 21)
        {
            value = simple == 21;
            return true;
        }

        offset = start;
        value = false;
        return false;
    }

    /// <summary>Reads null; false, and nothing is read, if the next item is something else.</summary>
    public bool TryReadNull()
    {
        int start = offset;
        if (TryHead(7, out ulong simple) && simple == 22)
        {
            return true;
        }

        offset = start;
        return false;
    }

    /// <summary>Reads one whole item of any type and gives its encoding.</summary>
    public bool TryReadEncoded(out ReadOnlySpan<byte> encoded)
    {
        int start = offset;
        if (DeterministicCbor.Item(data, ref offset, 0) == CborError.None)
        {
            encoded = data[start..offset];
            return true;
        }

        offset = start;
        encoded = default;
        return false;
    }

    private bool TryHead(int expected, out ulong argument)
    {
        int start = offset;
        if (DeterministicCbor.Head(data, ref offset, out int major, out argument) == CborError.None && major == expected)
        {
            return true;
        }

        offset = start;
        argument = 0;
        return false;
    }

    private bool TryString(int major, out ReadOnlySpan<byte> value)
    {
        int start = offset;
        if (TryHead(major, out ulong length) && length <= (ulong)(data.Length - offset))
        {
            value = data.Slice(offset, (int)length);
            offset += (int)length;
            return true;
        }

        offset = start;
        value = default;
        return false;
    }

    private bool TryCount(int major, int leastBytes, out int count)
    {
        int start = offset;
        if (TryHead(major, out ulong wide) && wide <= (ulong)((data.Length - offset) / leastBytes))
        {
            count = (int)wide;
            return true;
        }

        offset = start;
        count = 0;
        return false;
    }
}
