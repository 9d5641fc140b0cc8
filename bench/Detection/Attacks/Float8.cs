namespace Verathos.Bench.Detection.Attacks;

/// <summary>Numbers of 8 bits with four of exponent and three of mantissa (OCP FP8 E4M3: no infinity, 448 at most).</summary>
internal static class Float8
{
    public const float Greatest = 448;

    /// <summary>The nearest such number, ties to even; beyond the greatest the greatest.</summary>
    public static float Round(float value)
    {
        float magnitude = MathF.Abs(value);
        if (magnitude >= Greatest)
        {
            return MathF.CopySign(Greatest, value);
        }

        // Below 2^-6 numbers lie evenly, 2^-9 apart.
        int exponent = magnitude == 0 ? -6 : Math.Max(-6, Math.ILogB(magnitude));
        float unit = MathF.ScaleB(1, exponent - 3);
        return MathF.CopySign(MathF.Round(magnitude / unit, MidpointRounding.ToEven) * unit, value);
    }
}
