namespace Verathos.Fingerprint.Tests.Toploc;

/// <summary>MT19937, and normal bfloat16 numbers made from it as libtorch makes them on a CPU: sixteen at a time, every operation rounded.</summary>
internal sealed class MersenneTwister
{
    private const int Size = 624;
    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Size; i++)
        {
            _state[i] = (1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i;
        }
    }

    public uint Next()
    {
        if (_next == Size)
        {
            for (int i = 0; i < Size; i++)
            {
                uint pair = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7fffffff);
                _state[i] = _state[(i + 397) % Size] ^ (pair >> 1) ^ ((pair & 1) * 0x9908b0df);
            }

            _next = 0;
        }

        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    public ushort[] Normal(int count)
    {
        double[] uniform = new double[count];
        for (int i = 0; i < count; i++)
        {
            uniform[i] = (Next() & 0xff) / 256.0;
        }

        ushort[] result = new ushort[count];
        for (int block = 0; block < count; block += 16)
        {
            for (int i = block; i < block + 8; i++)
            {
                double radius = Round(Math.Sqrt(Round(-2 * Round(Math.Log(Round(1 - uniform[i]))))));
                double angle = Round(2 * Math.PI * uniform[i + 8]);
                result[i] = Bits(Round(radius * Round(Math.Cos(angle))));
                result[i + 8] = Bits(Round(radius * Round(Math.Sin(angle))));
            }
        }

        return result;
    }

    /// <summary>Rounds to bfloat16, ties to even.</summary>
    public static ushort Bits(double value)
    {
        uint bits = BitConverter.SingleToUInt32Bits((float)value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static double Value(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static double Round(double value) => Value(Bits(value));
}
