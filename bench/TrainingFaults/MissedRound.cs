namespace Verathos.Bench.TrainingFaults;

/// <summary>A round that a worker misses.</summary>
/// <param name="Worker">The worker, from 1.</param>
/// <param name="Round">The round, from 1.</param>
public sealed record MissedRound(int Worker, int Round);
