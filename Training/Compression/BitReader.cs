namespace Verathos.Training.Compression;

/// <summary>Reads what <see cref="BitWriter"/> wrote.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _next;
    private uint _pending;
    private int _bits;

    /// <summary>Reads a number of 24 bits at most; the caller has checked that it is there.</summary>
    public int Read(int bits)
    {
        while (_bits < bits)
        {
            _pending = (_pending << 8) | _source[_next++];
            _bits += 8;
        }

        _bits -= bits;
        return (int)((_pending >> _bits) & ((1u << bits) - 1));
    }

    /// <summary>True if all bits up to the end are zero.</summary>
    public readonly bool RestIsZero() =>
        (_pending & ((1u << _bits) - 1)) == 0 && !_source[_next..].ContainsAnyExcept((byte)0);
}
