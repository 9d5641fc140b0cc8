namespace Verathos.Enclave;

/// <summary>What the enclave says of itself to its host: readiness and counters, no content.</summary>
public sealed record EnclaveStatus
{
    /// <summary>The name of the only model, or of the first.</summary>
    public required string Model { get; init; }

    /// <summary>Every model, the first one first.</summary>
    public required IReadOnlyList<ModelStatus> Models { get; init; }

    /// <summary>Whether a request would be served now.</summary>
    public required bool Ready { get; init; }

    /// <summary>Why not, where <see cref="Ready"/> is false.</summary>
    public string? NotReadyReason { get; init; }

    /// <summary>Whether the evidence is simulated.</summary>
    public required bool Simulated { get; init; }

    /// <summary>The platform driver's name, such as <c>simulated</c> or <c>tdx</c>.</summary>
    public required string Tee { get; init; }

    /// <summary>Where the enclave runs.</summary>
    public required string Topology { get; init; }

    /// <summary>Root of the manifest of all models, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ManifestRoot { get; init; }

    /// <summary>SHA-256 over the current keyset's bytes, 32 bytes, or empty without one.</summary>
    public required ReadOnlyMemory<byte> KeysetDigest { get; init; }

    /// <summary>When the current keyset ends.</summary>
    public required DateTimeOffset KeysetNotAfter { get; init; }

    /// <summary>The longest prompt plus answer in tokens, of the first model.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Requests that wait, for whichever model.</summary>
    public int Queued { get; init; }

    /// <summary>Counters since the enclave started.</summary>
    public required EnclaveCounters Counters { get; init; }
}
