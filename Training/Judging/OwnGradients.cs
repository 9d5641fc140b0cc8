using Verathos.Training.Impact;

namespace Verathos.Training.Judging;

/// <summary>The gradients of a round's workers' own documents, each computed once and only where it is asked for.</summary>
internal sealed class OwnGradients(ITrainingObjective objective, JudgeInput input, byte[] secret, int tokens)
{
    private readonly Dictionary<WorkerKey, float[]> _gradients = [];

    /// <summary>The gradients of some workers' documents, in their order; those that are not there yet are computed together.</summary>
    public IReadOnlyList<float[]> Of(IReadOnlyList<WorkerKey> workers)
    {
        WorkerKey[] missing = [.. workers.Where(worker => !_gradients.ContainsKey(worker))];
        if (missing.Length > 0)
        {
            Dictionary<WorkerKey, IReadOnlyList<int>> documents = input.Contributions.ToDictionary(c => c.Candidate.Worker, c => c.Documents);
            IReadOnlyList<IReadOnlyList<int>> sets =
            [
                .. missing.Select(worker => (IReadOnlyList<int>)HeldOutDraw.Draw(
                    objective, secret, [.. "verathos.own.v1"u8, .. worker.Bytes], input.Round, documents[worker], tokens)),
            ];
            IReadOnlyList<float[]> computed = objective.Gradients(input.Weights, sets);
            for (int i = 0; i < missing.Length; i++)
            {
                _gradients[missing[i]] = computed[i];
            }
        }

        return [.. workers.Select(worker => _gradients[worker])];
    }

    /// <summary>How much more a contribution does for a worker's documents than for random ones, at a step of 1.</summary>
    /// <param name="gradient">The contribution.</param>
    /// <param name="worker">Whose documents.</param>
    /// <param name="trusted">The gradient of random documents.</param>
    public double Knowledge(SparseVector gradient, WorkerKey worker, float[] trusted) =>
        FirstOrderImpact.Improvement(gradient, Of([worker])[0], 1) - FirstOrderImpact.Improvement(gradient, trusted, 1);
}
