using Verathos.Training.Records;

namespace Verathos.Enclave.Training;

/// <summary>All that it takes to compute one inner step again, and the proof that a record committed to it.</summary>
/// <param name="Opening">The step.</param>
/// <param name="Next">The step after it, whose weights and state it made; null for the round's last, of which the record itself says that.</param>
/// <param name="Weights">The weights before it.</param>
/// <param name="Optimiser">The optimiser's state before it.</param>
/// <param name="Gradient">Its dense gradient before clipping.</param>
public sealed record OpenedStep(
    StepOpening Opening, StepOpening? Next, float[] Weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> Optimiser, float[] Gradient);
