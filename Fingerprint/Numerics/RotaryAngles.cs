namespace Verathos.Fingerprint.Numerics;

/// <summary>
/// Sine and cosine of rotary positions, computed in binary64 by operations that IEEE 754 rounds exactly, since the system's
/// mathematical library may differ in the last bit from one machine to the next.
/// </summary>
public static class RotaryAngles
{
    // fdlibm's __kernel_sin and __kernel_cos (https://www.netlib.org/fdlibm), highest power first.
    private static readonly double[] s_sine =
    [
        1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
        -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01,
    ];

    private static readonly double[] s_cosine =
    [
        -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
        2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02,
    ];

    /// <summary>Cosines and sines of one position, rounded to binary32 once.</summary>
    /// <param name="position">From 0.</param>
    /// <param name="frequencies">The angle by which each pair turns from one position to the next.</param>
    /// <param name="amplitude">Multiplies both.</param>
    /// <param name="cosines">One for each frequency.</param>
    /// <param name="sines">One for each frequency.</param>
    public static void Write(int position, ReadOnlySpan<double> frequencies, double amplitude, Span<float> cosines, Span<float> sines)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            (double sine, double cosine) = SinCos(position * frequencies[i]);
            cosines[i] = (float)(cosine * amplitude);
            sines[i] = (float)(sine * amplitude);
        }
    }

    /// <summary>Sine and cosine of an angle from 0 to 2^24.</summary>
    public static (double Sine, double Cosine) SinCos(double angle)
    {
        // The angle less a multiple of pi / 2, which is given in two parts.
        double quarter = Math.Round(angle * 0.63661977236758134308);
        double r = Math.FusedMultiplyAdd(-quarter, 1.57079632673412561417, angle);
        r = Math.FusedMultiplyAdd(-quarter, 6.07710050650619224932e-11, r);
        double square = r * r;
        double sine = Math.FusedMultiplyAdd(r * square, Polynomial(s_sine, square), r);
        double cosine = Math.FusedMultiplyAdd(square * square, Polynomial(s_cosine, square), Math.FusedMultiplyAdd(-0.5, square, 1));
        return ((long)quarter & 3) switch
        {
            0 => (sine, cosine),
            1 => (cosine, -sine),
            2 => (-sine, -cosine),
            _ => (-cosine, sine),
        };
    }

    private static double Polynomial(double[] coefficients, double x)
    {
        double result = 0;
        foreach (double coefficient in coefficients)
        {
            result = Math.FusedMultiplyAdd(result, x, coefficient);
        }

        return result;
    }
}
