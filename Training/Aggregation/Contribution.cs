namespace Verathos.Training.Aggregation;

/// <summary>What one worker sent in a round.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Gradient">Decoded; every value finite.</param>
public sealed record Contribution(WorkerKey Worker, SparseVector Gradient);
