namespace Verathos.Bench.Detection;

/// <summary>How often one test saw one attack.</summary>
/// <param name="Test">For example "T1 secret rows" or "T2 sketch after 2, exact".</param>
/// <param name="Tried">Openings, chunks or answers.</param>
/// <param name="Caught">Of them.</param>
public sealed record DetectionRow(string Test, long Tried, long Caught)
{
    /// <summary>Checks until caught in half of all cases, where checks are independent; null where none was caught.</summary>
    public long? Median => Until(0.5);

    /// <summary>Checks until caught in 99 of 100 cases.</summary>
    public long? P99 => Until(0.99);

    private long? Until(double share) =>
        Caught == 0 ? null : Caught == Tried ? 1 : (long)Math.Ceiling(Math.Log(1 - share) / Math.Log(1 - (Caught / (double)Tried)));
}
