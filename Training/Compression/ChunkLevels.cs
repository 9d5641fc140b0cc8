using Verathos.Fingerprint.Numerics;

namespace Verathos.Training.Compression;

/// <summary>How the kept values of one chunk become codes: four bytes of levels, and two or eight bits each.</summary>
internal static class ChunkLevels
{
    /// <summary>Bytes of levels before a chunk's bits.</summary>
    public const int Size = 4;

    private const int MostCode = 127;

    /// <summary>
    /// Two levels of magnitude, each a bfloat16: the means of the two groups into which sorted magnitudes fall with the least sum of
    /// squares. Bit 1 of a code says which level, bit 0 is the sign.
    /// </summary>
    public static (ushort Low, ushort High) FitTwo(ReadOnlySpan<float> kept, Span<int> codes)
    {
        Span<double> sorted = stackalloc double[kept.Length];
        double total = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            sorted[i] = Math.Abs((double)kept[i]);
        }

        sorted.Sort();
        foreach (double magnitude in sorted)
        {
            total += magnitude;
        }

        (double lowMean, double highMean, double best, double below) = (total / kept.Length, total / kept.Length, -1, 0);
        for (int split = 1; split < kept.Length; split++)
        {
            below += sorted[split - 1];
            double above = total - below;
            double gain = (below * below / split) + (above * above / (kept.Length - split));
            if (gain > best)
            {
                (best, lowMean, highMean) = (gain, below / split, above / (kept.Length - split));
            }
        }

        (ushort low, ushort high) = (Level(lowMean), Level(highMean));
        (float lowLevel, float highLevel) = (BFloat16.ToSingle(low), BFloat16.ToSingle(high));
        int highs = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            double magnitude = Math.Abs((double)kept[i]);
            bool isHigh = Math.Abs(magnitude - highLevel) < Math.Abs(magnitude - lowLevel);
            codes[i] = (isHigh ? 2 : 0) | (kept[i] < 0 ? 1 : 0);
            highs += isHigh ? 1 : 0;
        }

        // One level that nobody has would be an encoding of its own for the same values.
        if (highs == 0)
        {
            return (low, low);
        }

        if (highs == kept.Length)
        {
            for (int i = 0; i < kept.Length; i++)
            {
                codes[i] &= 1;
            }

            return (high, high);
        }

        return (low, high);
    }

    /// <summary>The value of a code of two bits.</summary>
    public static float DecodeTwo(ushort low, ushort high, int code)
    {
        float level = BFloat16.ToSingle((code & 2) != 0 ? high : low);
        return (code & 1) != 0 ? -level : level;
    }

    /// <summary>The scale of codes from -127 to 127: the greatest magnitude over 127, rounded up to 16 bits, so that all products are exact.</summary>
    public static float FitEight(ReadOnlySpan<float> kept, Span<int> codes)
    {
        float greatest = 0;
        foreach (float value in kept)
        {
            greatest = MathF.Max(greatest, MathF.Abs(value));
        }

        uint bits = (BitConverter.SingleToUInt32Bits(greatest / MostCode) + 0xff) & ~0xffu;
        float scale = BitConverter.UInt32BitsToSingle(float.IsFinite(BitConverter.UInt32BitsToSingle(bits) * MostCode) ? bits : bits - 0x100);
        for (int i = 0; i < kept.Length; i++)
        {
            codes[i] = scale > 0 ? (int)Math.Clamp(Math.Round(kept[i] / (double)scale), -MostCode, MostCode) : 0;
        }

        return scale;
    }

    /// <summary>Whether a scale may stand in a message.</summary>
    public static GradientError CheckScale(float scale)
    {
        uint bits = BitConverter.SingleToUInt32Bits(scale);
        if (!float.IsFinite(scale) || !float.IsFinite(scale * MostCode))
        {
            return GradientError.NotFinite;
        }

        return bits >> 31 != 0 || (bits & 0xff) != 0 ? GradientError.Level : GradientError.None;
    }

    /// <summary>Whether two levels may stand in a message.</summary>
    public static GradientError CheckLevels(ushort low, ushort high)
    {
        if (!BFloat16.IsFinite(low) || !BFloat16.IsFinite(high))
        {
            return GradientError.NotFinite;
        }

        // Without a sign, bits are in the order of the numbers.
        return high >> 15 != 0 || low > high ? GradientError.Level : GradientError.None;
    }

    private static ushort Level(double mean) => Math.Min(BFloat16.FromSingle((float)mean), (ushort)0x7f7f);
}
