namespace Verathos.Training.Compression;

/// <summary>Reads what <see cref="BitWriter"/> wrote.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _bit;

    /// <summary>Reads a number; the caller has checked that it is there.</summary>
    public int Read(int bits)
    {
        int value = 0;
        for (int i = 0; i < bits; i++, _bit++)
        {
            value = (value << 1) | ((_source[_bit >> 3] >> (7 - (_bit & 7))) & 1);
        }

        return value;
    }

    /// <summary>True if all bits up to the end are zero.</summary>
    public bool RestIsZero()
    {
        while (_bit < 8 * _source.Length)
        {
            if (Read(1) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
