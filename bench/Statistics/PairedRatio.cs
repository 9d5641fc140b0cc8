namespace Verathos.Bench.Statistics;

/// <summary>The ratio of two things measured in interleaved pairs, with a bootstrap confidence interval of its median.</summary>
/// <param name="Pairs">Pairs measured.</param>
/// <param name="Median">The median of the pairs' ratios.</param>
/// <param name="Low">The lower end of the 95 % interval.</param>
/// <param name="High">The upper end of the 95 % interval.</param>
/// <param name="Minimum">The least ratio.</param>
/// <param name="Maximum">The greatest ratio.</param>
public sealed record PairedRatio(int Pairs, double Median, double Low, double High, double Minimum, double Maximum)
{
    private const int Resamples = 4000;

    /// <summary>Takes the ratio of each pair, then the percentile bootstrap of their median under a fixed seed.</summary>
    /// <param name="measured">What is judged, one for each pair.</param>
    /// <param name="reference">What it is judged against, in the same order.</param>
    public static PairedRatio Of(IReadOnlyList<double> measured, IReadOnlyList<double> reference)
    {
        ArgumentNullException.ThrowIfNull(measured);
        ArgumentNullException.ThrowIfNull(reference);
        if (measured.Count == 0 || measured.Count != reference.Count)
        {
            throw new ArgumentException("pairs need as many references as measurements, and at least one");
        }

        double[] ratios = [.. measured.Zip(reference, (a, b) => a / b).Order()];
        Random random = new(1);
        double[] medians = new double[Resamples];
        double[] sample = new double[ratios.Length];
        for (int i = 0; i < Resamples; i++)
        {
            for (int j = 0; j < sample.Length; j++)
            {
                sample[j] = ratios[random.Next(ratios.Length)];
            }

            Array.Sort(sample);
            medians[i] = Spread.Middle(sample);
        }

        Array.Sort(medians);
        return new PairedRatio(ratios.Length, Spread.Middle(ratios), medians[Resamples / 40], medians[^(Resamples / 40)], ratios[0], ratios[^1]);
    }
}
