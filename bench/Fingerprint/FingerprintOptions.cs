namespace Verathos.Bench.Fingerprint;

/// <summary>What of the fingerprints' cost is measured.</summary>
public sealed record FingerprintOptions
{
    /// <summary>Measurements of each row.</summary>
    public int Count { get; init; } = 100;

    /// <summary>Interleaved pairs of generation with and without fingerprints; 0 leaves that out.</summary>
    public int Pairs { get; init; } = 10;

    /// <summary>Threads of the model.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Told how many of how many rows are done.</summary>
    public Action<int, int>? Progress { get; init; }
}
