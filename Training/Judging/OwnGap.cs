namespace Verathos.Training.Judging;

/// <summary>
/// What a contribution must do for its worker's own documents, beyond what it does for others, to count as made from them. Against chance
/// alone that would be anything above 0, which a copy reaches in every second round; contributions of others show what can be reached on
/// these very documents without having trained on them.
/// </summary>
public static class OwnGap
{
    /// <summary>Deviations above what is typical of others.</summary>
    public const double Deviations = 1;

    // By which a median absolute deviation is a standard deviation where things are normal.
    private const double Normal = 1.4826;

    /// <summary>The bound: median and one deviation of what others' contributions do beyond random documents; at least 0, and 0 where there are fewer than three.</summary>
    /// <param name="others">The fall on these documents less the fall on random ones, of each other contribution.</param>
    public static double OfOthers(ReadOnlySpan<double> others) => others.Length < 3
        ? 0
        : Math.Max(0, RobustStatistics.Median(others) + (Deviations * Normal * RobustStatistics.MedianAbsoluteDeviation(others)));
}
