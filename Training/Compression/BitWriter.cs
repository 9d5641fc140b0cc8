namespace Verathos.Training.Compression;

/// <summary>Numbers of a few bits after one another, the highest bit first.</summary>
internal ref struct BitWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _bit;

    /// <summary>Writes the lowest bits of a number into room that is zero.</summary>
    public void Write(int value, int bits)
    {
        for (int i = bits - 1; i >= 0; i--, _bit++)
        {
            _destination[_bit >> 3] |= (byte)(((value >> i) & 1) << (7 - (_bit & 7)));
        }
    }
}
