namespace Verathos.Enclave.Training;

/// <summary>What a worker takes from one round into the next, beside the model: its records name the roots of both parts.</summary>
/// <param name="Optimiser">The optimiser's state, in the optimiser's order.</param>
/// <param name="Rest">What was not sent, the flat vector; empty for zeros, or where everything is sent.</param>
public sealed record WorkerState(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> Optimiser, float[] Rest);
