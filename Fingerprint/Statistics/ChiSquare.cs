namespace Verathos.Fingerprint.Statistics;

/// <summary>The chi-square distribution of an even number of degrees, whose tail is a finite sum.</summary>
public static class ChiSquare
{
    /// <summary>The chance of a value above <paramref name="value"/>: e^(-x/2) times the sum of (x/2)^i / i! for i below half the degrees.</summary>
    /// <param name="value">At least 0.</param>
    /// <param name="degrees">Even, at least 2.</param>
    public static double UpperTail(double value, int degrees)
    {
        Check(degrees);
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        double half = value / 2;
        double term = Math.Exp(-half);
        double sum = term;
        for (int i = 1; i < degrees / 2; i++)
        {
            term *= half / i;
            sum += term;
        }

        return sum;
    }

    /// <summary>The value above which lies the given chance, rounded up.</summary>
    /// <param name="chance">From 1e-300 to below 1.</param>
    /// <param name="degrees">Even, at least 2.</param>
    public static double UpperQuantile(double chance, int degrees)
    {
        Check(degrees);
        if (!(chance is >= 1e-300 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(chance), chance, "a chance is above 0 and below 1");
        }

        (double low, double high) = (0, degrees);
        while (UpperTail(high, degrees) > chance)
        {
            high *= 2;
        }

        for (int i = 0; i < 100; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = UpperTail(middle, degrees) > chance ? (middle, high) : (low, middle);
        }

        return high;
    }

    private static void Check(int degrees)
    {
        if (degrees < 2 || (degrees & 1) == 1)
        {
            throw new ArgumentOutOfRangeException(nameof(degrees), degrees, "the tail is computed for an even number of degrees");
        }
    }
}
