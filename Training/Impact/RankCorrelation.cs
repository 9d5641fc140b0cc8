namespace Verathos.Training.Impact;

/// <summary>How well two measures put things in one order.</summary>
public static class RankCorrelation
{
    /// <summary>Spearman's coefficient: the correlation of ranks, equal values sharing the mean of theirs; 0 where one measure is constant.</summary>
    /// <param name="left">At least two numbers, none of them NaN.</param>
    /// <param name="right">As many.</param>
    public static double Spearman(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        if (left.Length != right.Length || left.Length < 2)
        {
            throw new ArgumentException("a correlation needs two measures of the same things, two of them at least", nameof(right));
        }

        double[] x = Ranks(left);
        double[] y = Ranks(right);
        double mean = (x.Length + 1) / 2.0;
        (double xy, double xx, double yy) = (0, 0, 0);
        for (int i = 0; i < x.Length; i++)
        {
            xy += (x[i] - mean) * (y[i] - mean);
            xx += (x[i] - mean) * (x[i] - mean);
            yy += (y[i] - mean) * (y[i] - mean);
        }

        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : 0;
    }

    private static double[] Ranks(ReadOnlySpan<double> values)
    {
        double[] copy = values.ToArray();
        if (copy.Any(double.IsNaN))
        {
            throw new ArgumentException("what is not a number has no rank", nameof(values));
        }

        int[] order = [.. Enumerable.Range(0, copy.Length).OrderBy(i => copy[i])];
        double[] ranks = new double[copy.Length];
        for (int from = 0, to; from < order.Length; from = to)
        {
            for (to = from + 1; to < order.Length && copy[order[to]] == copy[order[from]]; to++)
            {
            }

            for (int i = from; i < to; i++)
            {
                ranks[order[i]] = (from + to + 1) / 2.0;
            }
        }

        return ranks;
    }
}
