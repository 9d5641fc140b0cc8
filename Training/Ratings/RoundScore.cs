namespace Verathos.Training.Ratings;

/// <summary>What a validator measured of a worker in a round.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Impact">By which workers are ranked: the higher, the better; finite.</param>
/// <param name="AssignedImprovement">Relative fall of the loss on the worker's own documents.</param>
/// <param name="RandomImprovement">Relative fall of the loss on documents that nobody was assigned.</param>
/// <param name="StepsBehind">Rounds by which its model lags behind; at least 0.</param>
public readonly record struct RoundScore(WorkerKey Worker, double Impact, double AssignedImprovement, double RandomImprovement, int StepsBehind);
