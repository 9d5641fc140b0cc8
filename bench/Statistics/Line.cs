namespace Verathos.Bench.Statistics;

/// <summary>The line of least squares through points.</summary>
public static class Line
{
    /// <summary>Its slope.</summary>
    /// <param name="x">At least two different places.</param>
    /// <param name="y">A value at each.</param>
    public static double Slope(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length || x.Length < 2)
        {
            throw new ArgumentException("a line needs at least two points", nameof(x));
        }

        double meanX = 0, meanY = 0;
        for (int i = 0; i < x.Length; i++)
        {
            meanX += x[i] / x.Length;
            meanY += y[i] / x.Length;
        }

        double product = 0, square = 0;
        for (int i = 0; i < x.Length; i++)
        {
            product += (x[i] - meanX) * (y[i] - meanY);
            square += (x[i] - meanX) * (x[i] - meanX);
        }

        return square > 0 ? product / square : throw new ArgumentException("a line needs two different places", nameof(x));
    }
}
