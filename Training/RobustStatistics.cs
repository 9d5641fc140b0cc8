namespace Verathos.Training;

/// <summary>Median and median absolute deviation. The median of an even number is the mean of the middle two; the deviation is not scaled.</summary>
public static class RobustStatistics
{
    /// <summary>The median.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double Median(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        Array.Sort(sorted);
        return MedianOfSorted(sorted);
    }

    /// <summary>The median of the distances from the median.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double MedianAbsoluteDeviation(ReadOnlySpan<double> values)
    {
        double median = Median(values);
        double[] distances = new double[values.Length];
        for (int i = 0; i < distances.Length; i++)
        {
            distances[i] = Math.Abs(values[i] - median);
        }

        return Median(distances);
    }

    internal static double MedianOfSorted(ReadOnlySpan<double> sorted)
    {
        if (sorted.IsEmpty)
        {
            throw new ArgumentException("the median of nothing", nameof(sorted));
        }

        int middle = sorted.Length / 2;
        return (sorted.Length & 1) == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
