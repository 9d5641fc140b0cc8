namespace Verathos.Training.Aggregation;

/// <summary>Rules that weigh and clip.</summary>
internal static class ClippingRules
{
    /// <summary>ReLU(cosine to a trusted gradient) of each contribution.</summary>
    public static double[] Trust(IReadOnlyList<SparseVector> vectors, SparseVector trusted) =>
        [.. vectors.Select(vector => Math.Max(0, vector.Cosine(trusted)))];

    public static SparseVector FlTrust(IReadOnlyList<SparseVector> vectors, double[] trust, SparseVector trusted)
    {
        CoordinateColumns columns = new(vectors);
        double norm = trusted.Norm();
        double total = trust.Sum();
        if (total == 0)
        {
            return SparseVector.Zero(trusted.Dimension);
        }

        double[] weights = new double[vectors.Count];
        for (int row = 0; row < weights.Length; row++)
        {
            weights[row] = trust[row] > 0 ? trust[row] * norm / vectors[row].Norm() : 0;
        }

        double[] sums = columns.WeightedSum(weights);
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] /= total;
        }

        return columns.ToVector(sums);
    }

    /// <summary>Clips around a point that moves: v += sum of weight (scale x - v) min(1, radius / |scale x - v|) / sum of weights.</summary>
    /// <param name="vectors">x.</param>
    /// <param name="weights">0 leaves a contribution out.</param>
    /// <param name="scales">By which contributions are made shorter first.</param>
    /// <param name="previous">Where v starts.</param>
    /// <param name="radius">Null for the median distance of those with weight.</param>
    /// <param name="iterations">How often.</param>
    public static SparseVector CenteredClip(
        IReadOnlyList<SparseVector> vectors, double[] weights, double[] scales, SparseVector? previous, double? radius, int iterations)
    {
        CoordinateColumns columns = new(vectors, previous);
        double[] point = columns.Spread(previous);
        double total = weights.Sum();
        if (total == 0)
        {
            // Nobody is trusted, so nothing moves the model, the momentum of earlier rounds neither.
            return SparseVector.Zero(columns.Dimension);
        }

        double[] distances = new double[vectors.Count];
        double[] factors = new double[vectors.Count];
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            for (int row = 0; row < distances.Length; row++)
            {
                distances[row] = columns.Distance(row, scales[row], point);
            }

            double bound = radius ?? RobustStatistics.Median([.. distances.Where((_, row) => weights[row] > 0)]);
            double pull = 0;
            for (int row = 0; row < factors.Length; row++)
            {
                double share = weights[row] * (distances[row] > bound ? bound / distances[row] : 1);
                factors[row] = share * scales[row];
                pull += share;
            }

            double[] sums = columns.WeightedSum(factors);
            for (int i = 0; i < point.Length; i++)
            {
                point[i] += (sums[i] - (pull * point[i])) / total;
            }
        }

        return columns.ToVector(point);
    }

    /// <summary>What makes each contribution at most as long as the median one.</summary>
    public static double[] ScalesToMedianNorm(IReadOnlyList<SparseVector> vectors)
    {
        double[] norms = [.. vectors.Select(vector => vector.Norm())];
        double median = RobustStatistics.Median(norms);
        return [.. norms.Select(norm => norm > median ? median / norm : 1)];
    }
}
