namespace Verathos.Enclave.Platform;

/// <summary>What a node passes on so that a verifier need not fetch it; the verifier checks all of it.</summary>
public sealed record PlatformEndorsements
{
    /// <summary>None.</summary>
    public static PlatformEndorsements None { get; } = new();

    /// <summary>QuoteCollateralV3 as JSON in UTF-8, or null.</summary>
    public ReadOnlyMemory<byte>? CpuCollateral { get; init; }

    /// <summary>Reference integrity manifests (SWID XML).</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuRims { get; init; } = [];

    /// <summary>OCSP answers about the GPUs' certificates (DER).</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuOcspResponses { get; init; } = [];
}
