namespace Verathos.Training.Ratings;

/// <summary>What a worker is worth to a validator.</summary>
/// <param name="Rating">Its skill.</param>
/// <param name="Gap">Whether it trains on what it was assigned.</param>
/// <param name="StepsBehind">Rounds by which its model lags behind; at least 0.</param>
public readonly record struct WorkerScore(SkillRating Rating, GapAverage Gap, int StepsBehind)
{
    /// <summary>Lags above this many rounds count as it.</summary>
    public const int MostBehind = 5;

    /// <summary>(1 - min(behind, 5) / 5)^2.5.</summary>
    public double Sync => SyncOf(StepsBehind);

    /// <summary>max(0, ordinal) * max(0, gap) * sync: two negative factors must not make a good score.</summary>
    public double Final => Math.Max(0, Rating.Ordinal) * Math.Max(0, Gap.Value) * Sync;

    /// <summary>The score of a lag.</summary>
    /// <param name="behind">At least 0.</param>
    public static double SyncOf(int behind)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(behind);
        return Math.Pow(1 - (Math.Min(behind, MostBehind) / (double)MostBehind), 2.5);
    }
}
