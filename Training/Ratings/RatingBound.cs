namespace Verathos.Training.Ratings;

/// <summary>
/// How far a worker's rating may lie below the others'. Who adds something of its own to half of an honest contribution still improves the model
/// in every single round, only less than everybody else: no round tells, and the rating does after a few.
/// </summary>
public static class RatingBound
{
    /// <summary>Standard deviations below the median.</summary>
    public const double Deviations = 3;

    /// <summary>What a rating may lie below the median in any case: twice what a newcomer's is uncertain by.</summary>
    public static double Floor => 2 * SkillRating.Initial.Sigma;

    // By which a median absolute deviation is a standard deviation where things are normal.
    private const double Normal = 1.4826;

    /// <summary>The least mean of a rating whose worker moves the model.</summary>
    /// <param name="means">Those of all of the round's workers, at least one.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static double Of(ReadOnlySpan<double> means) =>
        RobustStatistics.Median(means) - Math.Max(Floor, Deviations * Normal * RobustStatistics.MedianAbsoluteDeviation(means));
}
