namespace Verathos.Validator.Canaries;

/// <summary>When people ask: the weight of each hour of the day in UTC, and how long they think between an answer and the next question.</summary>
/// <param name="HourWeights">24 numbers of at least 1.</param>
/// <param name="ThinkMedian">The median of the pauses, which are log-normal with a deviation of the logarithm of 1.</param>
public sealed record ArrivalProfile(IReadOnlyList<int> HourWeights, TimeSpan ThinkMedian)
{
    /// <summary>A day with a quiet night and a long working day, where nothing was measured.</summary>
    public static ArrivalProfile Default { get; } = new([30, 24, 20, 18, 18, 20, 28, 42, 60, 76, 84, 86, 84, 86, 90, 92, 90, 84, 78, 74, 70, 62, 52, 40], TimeSpan.FromSeconds(18));

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(10);

    /// <summary>A time within an epoch, in proportion to the hours' weights.</summary>
    internal TimeSpan Arrival(CanaryRandom random, DateTimeOffset start, TimeSpan length)
    {
        int most = HourWeights.Max();
        while (true)
        {
            TimeSpan at = length * random.NextDouble();
            if (random.Next(most) < HourWeights[(start + at).UtcDateTime.Hour])
            {
                return at;
            }
        }
    }

    /// <summary>A pause before the next question.</summary>
    internal TimeSpan Think(CanaryRandom random)
    {
        TimeSpan pause = ThinkMedian * random.LogNormal(1, 1);
        return pause < s_longest ? pause : s_longest;
    }
}
