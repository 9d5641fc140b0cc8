namespace Verathos.Training.Compression;

/// <summary>Numbers of a few bits after one another, the highest bit first.</summary>
internal ref struct BitWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _next;
    private uint _pending;
    private int _bits;

    /// <summary>Writes the lowest bits of a number, 24 at most.</summary>
    public void Write(int value, int bits)
    {
        _pending = (_pending << bits) | ((uint)value & ((1u << bits) - 1));
        for (_bits += bits; _bits >= 8;)
        {
            _bits -= 8;
            _destination[_next++] = (byte)(_pending >> _bits);
        }
    }

    /// <summary>Writes what is left, filled up with zero bits to a whole byte.</summary>
    public void Finish()
    {
        if (_bits > 0)
        {
            _destination[_next++] = (byte)(_pending << (8 - _bits));
            _bits = 0;
        }
    }
}
