namespace Verathos.Bench.TrainingFaults;

/// <summary>What two pairs of runs came to.</summary>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Rounds">Rounds of a run.</param>
/// <param name="Workers">Workers.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Returned">Where all return before the deadline.</param>
/// <param name="Missed">Where a worker misses deadlines; null where that was left out.</param>
public sealed record FaultReport(long Parameters, int Rounds, int Workers, int Seed, FaultPair Returned, FaultPair? Missed)
{
    /// <summary>Whether everything that has to be equal is.</summary>
    public bool Passed => Returned.Passed && Missed is not { Passed: false };
}
