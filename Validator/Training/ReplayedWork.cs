using Verathos.GpuRuntime.Training;

namespace Verathos.Validator.Training;

/// <summary>What a worker's part of a round was, to compute a step of it again.</summary>
public sealed record ReplayedWork
{
    /// <summary>The worker's documents of the round, in the order of the assignment.</summary>
    public required IReadOnlyList<EncodedDocument> Documents { get; init; }

    /// <summary>Sequences of a step.</summary>
    public required int Rows { get; init; }

    /// <summary>Tokens of a sequence.</summary>
    public required int Length { get; init; }

    /// <summary>The learning rate of each step.</summary>
    public required IReadOnlyList<double> Rates { get; init; }

    /// <summary>Root of the optimiser's state that the round must start from, 32 bytes; null where it is not known.</summary>
    public ReadOnlyMemory<byte>? OptimiserBefore { get; init; }
}
