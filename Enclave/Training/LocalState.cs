using Verathos.Training.Records;

namespace Verathos.Enclave.Training;

/// <summary>Where a local run stands between two rounds.</summary>
/// <param name="Weights">The model.</param>
/// <param name="Worker">The worker's state.</param>
/// <param name="Head">The end of its chain.</param>
/// <param name="Chain">The records so far.</param>
internal sealed record LocalState(float[] Weights, WorkerState Worker, ChainHead Head, IReadOnlyList<ChainEntry> Chain);
