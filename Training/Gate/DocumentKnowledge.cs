namespace Verathos.Training.Gate;

/// <summary>
/// What a contribution knows of a worker's documents: by how much more, in first order, it improves the model there than on documents that
/// nobody was assigned.
/// </summary>
/// <param name="gradient">The contribution.</param>
/// <param name="worker">Whose documents.</param>
/// <returns>In any unit, the same for all.</returns>
public delegate double DocumentKnowledge(SparseVector gradient, WorkerKey worker);
