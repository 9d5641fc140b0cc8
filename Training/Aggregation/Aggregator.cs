namespace Verathos.Training.Aggregation;

/// <summary>
/// Makes one update of many contributions. They are put in the order of the workers' keys first, so the result, to the bit, does not
/// depend on the order in which they came.
/// </summary>
public static class Aggregator
{
    /// <summary>The most bad contributions of n against which a rule has a guarantee: Krum n >= 2f + 3, Bulyan n >= 4f + 3, the mean none, the others less than half.</summary>
    public static int MostFaulty(AggregationRule rule, int contributions) => Math.Max(0, rule switch
    {
        AggregationRule.Mean => 0,
        AggregationRule.Krum or AggregationRule.MultiKrum => (contributions - 3) / 2,
        AggregationRule.Bulyan => (contributions - 3) / 4,
        _ => (contributions - 1) / 2,
    });

    /// <summary>Applies a rule.</summary>
    /// <param name="contributions">At least one, of one space, from different workers.</param>
    /// <param name="options">The rule and what it needs.</param>
    /// <exception cref="ArgumentException">
    /// Contributions or options are not like that, a value is not finite, the rule needs a trusted gradient, or it has nothing left to
    /// take for so many faulty ones.
    /// </exception>
    public static Aggregate Apply(IReadOnlyList<Contribution> contributions, AggregationOptions options)
    {
        ArgumentNullException.ThrowIfNull(contributions);
        ArgumentNullException.ThrowIfNull(options);
        Contribution[] ordered = [.. contributions.OrderBy(contribution => contribution.Worker)];
        Validate(ordered, options);
        SparseVector[] vectors = [.. ordered.Select(contribution => contribution.Gradient)];
        double[] weights = new double[vectors.Length];
        Array.Fill(weights, 1.0 / vectors.Length);
        SparseVector result;
        switch (options.Rule)
        {
            case AggregationRule.Mean:
                result = CoordinateRules.Mean(vectors);
                break;
            case AggregationRule.CoordinateMedian:
                result = CoordinateRules.Median(vectors);
                break;
            case AggregationRule.TrimmedMean:
                result = CoordinateRules.TrimmedMean(vectors, options.Faulty);
                break;
            case AggregationRule.GeometricMedian:
                result = CoordinateRules.GeometricMedian(vectors, options.Iterations, options.Smoothing);
                break;
            case AggregationRule.Krum or AggregationRule.MultiKrum:
                int[] best = KrumRules.Rank(KrumRules.Distances(vectors), [.. Enumerable.Range(0, vectors.Length)], options.Faulty);
                result = OfSelected(vectors, best[..(options.Rule == AggregationRule.Krum ? 1 : vectors.Length - options.Faulty)], weights);
                break;
            case AggregationRule.Bulyan:
                int[] selected = KrumRules.BulyanSelection(KrumRules.Distances(vectors), options.Faulty);
                OfSelected(vectors, selected, weights);
                result = CoordinateRules.MeanAroundMedian([.. selected.Select(i => vectors[i])], selected.Length - (2 * options.Faulty));
                break;
            case AggregationRule.CenteredClip:
                double[] whole = new double[vectors.Length];
                Array.Fill(whole, 1);
                result = ClippingRules.CenteredClip(vectors, whole, whole, options.Previous, options.Radius, options.Iterations);
                break;
            case AggregationRule.FlTrust:
                weights = ClippingRules.Trust(vectors, options.Trusted!);
                result = ClippingRules.FlTrust(vectors, weights, options.Trusted!);
                weights = Shares(weights);
                break;
            default:
                weights = ClippingRules.Trust(vectors, options.Trusted!);
                result = ClippingRules.CenteredClip(vectors, weights, ClippingRules.ScalesToMedianNorm(vectors), options.Previous, options.Radius, options.Iterations);
                weights = Shares(weights);
                break;
        }

        return new Aggregate(result, [.. ordered.Select((contribution, i) => (contribution.Worker, weights[i]))]);
    }

    private static SparseVector OfSelected(SparseVector[] vectors, int[] selected, double[] weights)
    {
        Array.Clear(weights);
        foreach (int i in selected)
        {
            weights[i] = 1.0 / selected.Length;
        }

        // In the order of the keys, whatever the scores' order.
        return CoordinateRules.Mean([.. selected.Order().Select(i => vectors[i])]);
    }

    private static double[] Shares(double[] trust)
    {
        double total = trust.Sum();
        return total > 0 ? [.. trust.Select(weight => weight / total)] : trust;
    }

    private static void Validate(Contribution[] ordered, AggregationOptions options)
    {
        if (ordered.Length == 0 || ordered.Select(contribution => contribution.Worker).Distinct().Count() != ordered.Length)
        {
            throw new ArgumentException("an aggregate needs contributions, one from each worker", nameof(ordered));
        }

        int dimension = ordered[0].Gradient.Dimension;
        foreach (SparseVector vector in ordered.Select(contribution => contribution.Gradient).Append(options.Trusted ?? ordered[0].Gradient).Append(options.Previous ?? ordered[0].Gradient))
        {
            if (vector.Dimension != dimension)
            {
                throw new ArgumentException("the vectors are of different spaces", nameof(ordered));
            }

            foreach (double value in vector.Values)
            {
                if (!double.IsFinite(value))
                {
                    throw new ArgumentException("a value is not finite", nameof(ordered));
                }
            }
        }

        int least = options.Rule switch
        {
            AggregationRule.TrimmedMean => (2 * options.Faulty) + 1,
            AggregationRule.Krum or AggregationRule.MultiKrum => options.Faulty + 1,
            AggregationRule.Bulyan => (4 * options.Faulty) + 1,
            _ => 1,
        };
        if (options.Faulty < 0 || ordered.Length < least || options.Iterations < 1 || options.Radius is not (null or > 0) || !(options.Smoothing > 0))
        {
            throw new ArgumentException($"{options.Rule} cannot take {ordered.Length} contributions with these options", nameof(options));
        }

        if (options.Rule is AggregationRule.FlTrust or AggregationRule.TrustedClip && options.Trusted is null)
        {
            throw new ArgumentException($"{options.Rule} needs a trusted gradient", nameof(options));
        }
    }
}
