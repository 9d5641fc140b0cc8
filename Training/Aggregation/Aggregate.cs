namespace Verathos.Training.Aggregation;

/// <summary>The outcome of a rule.</summary>
/// <param name="Vector">The update.</param>
/// <param name="Weights">By worker, in the order of the keys: the share with which each entered, before any clipping; rules that choose value by value give everyone 1/n.</param>
public sealed record Aggregate(SparseVector Vector, IReadOnlyList<(WorkerKey Worker, double Weight)> Weights);
