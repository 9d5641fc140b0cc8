namespace Verathos.Training.Aggregation;

/// <summary>Rules that take each coordinate alone, and the geometric median.</summary>
internal static class CoordinateRules
{
    public static SparseVector Mean(IReadOnlyList<SparseVector> vectors)
    {
        CoordinateColumns columns = new(vectors);
        double[] ones = new double[vectors.Count];
        Array.Fill(ones, 1);
        double[] sums = columns.WeightedSum(ones);
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] /= vectors.Count;
        }

        return columns.ToVector(sums);
    }

    public static SparseVector Median(IReadOnlyList<SparseVector> vectors) => Each(vectors, static sorted => RobustStatistics.MedianOfSorted(sorted));

    public static SparseVector TrimmedMean(IReadOnlyList<SparseVector> vectors, int faulty) => Each(vectors, sorted =>
    {
        double sum = 0;
        foreach (double value in sorted[faulty..^faulty])
        {
            sum += value;
        }

        return sum / (sorted.Length - (2 * faulty));
    });

    /// <summary>The mean of the values nearest to the median; of two at one distance the smaller.</summary>
    public static SparseVector MeanAroundMedian(IReadOnlyList<SparseVector> vectors, int count) => Each(vectors, sorted =>
    {
        // The nearest to a point are neighbours in sorted order: drop the farther end until enough are left.
        double median = RobustStatistics.MedianOfSorted(sorted);
        (int from, int to) = (0, sorted.Length);
        while (to - from > count)
        {
            if (median - sorted[from] > sorted[to - 1] - median)
            {
                from++;
            }
            else
            {
                to--;
            }
        }

        double sum = 0;
        foreach (double value in sorted[from..to])
        {
            sum += value;
        }

        return sum / count;
    });

    public static SparseVector GeometricMedian(IReadOnlyList<SparseVector> vectors, int iterations, double smoothing)
    {
        CoordinateColumns columns = new(vectors);
        double[] point = new double[columns.Coordinates.Length];
        double[] weights = new double[vectors.Count];
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            double total = 0;
            for (int row = 0; row < weights.Length; row++)
            {
                weights[row] = 1 / Math.Max(columns.Distance(row, 1, point), smoothing);
                total += weights[row];
            }

            point = columns.WeightedSum(weights);
            for (int i = 0; i < point.Length; i++)
            {
                point[i] /= total;
            }
        }

        return columns.ToVector(point);
    }

    private delegate double OfSorted(ReadOnlySpan<double> sorted);

    private static SparseVector Each(IReadOnlyList<SparseVector> vectors, OfSorted rule)
    {
        CoordinateColumns columns = new(vectors);
        double[] results = new double[columns.Coordinates.Length];
        double[] values = new double[vectors.Count];
        for (int place = 0; place < results.Length; place++)
        {
            columns.Column(place, values);
            Array.Sort(values);
            results[place] = rule(values);
        }

        return columns.ToVector(results);
    }
}
