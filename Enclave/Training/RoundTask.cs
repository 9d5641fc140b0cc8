using Verathos.Training.Compression;
using Verathos.Training.Shards;

namespace Verathos.Enclave.Training;

/// <summary>What a worker is to do in a round.</summary>
public sealed record RoundTask
{
    /// <summary>The round.</summary>
    public required ulong Round { get; init; }

    /// <summary>The beacon's value that assigns the documents, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Beacon { get; init; }

    /// <summary>Documents of the worker in this round.</summary>
    public required int Documents { get; init; }

    /// <summary>Sequences a step.</summary>
    public required int Rows { get; init; }

    /// <summary>Tokens a sequence.</summary>
    public required int Length { get; init; }

    /// <summary>The learning rate of every inner step: as many steps as there are rates.</summary>
    public required IReadOnlyList<double> Rates { get; init; }

    /// <summary>How the gradient is compressed; null sends it whole, as a worker that trains alone does.</summary>
    public GradientBits? Compression { get; init; } = GradientBits.Two;

    internal void Validate(int documents)
    {
        if (Beacon.Length != ShardAssignment.BeaconSize || Documents < 1 || Documents > documents || Rows < 1 || Length < 1
            || Rates.Count is < 1 or > Protocol.Receipts.TrainingRecord.MostSteps || Rates.Any(static rate => !double.IsFinite(rate) || rate < 0))
        {
            throw new ArgumentException($"the round's task makes no sense: beacon, documents (at most {documents}), rows, length or rates");
        }
    }
}
