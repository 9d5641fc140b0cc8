namespace Verathos.Bench.Statistics;

/// <summary>What a set of measurements says: never one number without its spread.</summary>
/// <param name="Count">Measurements.</param>
/// <param name="Minimum">The least.</param>
/// <param name="Median">The middle; the mean of the two middle ones where their number is even.</param>
/// <param name="P99">The 99th percentile by nearest rank.</param>
/// <param name="Maximum">The greatest.</param>
public sealed record Spread(int Count, double Minimum, double Median, double P99, double Maximum)
{
    /// <summary>Summarises at least one measurement.</summary>
    public static Spread Of(IEnumerable<double> measurements)
    {
        double[] sorted = [.. measurements.Order()];
        if (sorted.Length == 0)
        {
            throw new ArgumentException("there is nothing to summarise", nameof(measurements));
        }

        int rank = Math.Max(0, (int)Math.Ceiling(0.99 * sorted.Length) - 1);
        return new Spread(sorted.Length, sorted[0], Middle(sorted), sorted[rank], sorted[^1]);
    }

    internal static double Middle(ReadOnlySpan<double> sorted) =>
        sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
