using Verathos.Attestation.Binding;

namespace Verathos.Attestation;

/// <summary>
/// Everything that a node shows for one nonce, as received. Nothing in it is trusted before <see cref="Appraiser"/> has ruled.
/// </summary>
public sealed record NodeEvidence
{
    /// <summary>The name of a TDX quote in <see cref="CpuFormat"/>.</summary>
    public const string TdxQuoteFormat = "tdx-quote";

    /// <summary>The nonce that the verifier made for this evidence, 32 bytes. Never taken from the evidence.</summary>
    public required ReadOnlyMemory<byte> ExpectedNonce { get; init; }

    /// <summary>When the verifier made <see cref="ExpectedNonce"/>: the evidence cannot be older.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>The format of <see cref="CpuEvidence"/>, such as <see cref="TdxQuoteFormat"/>.</summary>
    public required string CpuFormat { get; init; }

    /// <summary>The quote or report of the CPU.</summary>
    public required ReadOnlyMemory<byte> CpuEvidence { get; init; }

    /// <summary>One entry a GPU; empty where the node has none.</summary>
    public IReadOnlyList<GpuEvidence> Gpus { get; init; } = [];

    /// <summary>The keyset's bytes as received; their SHA-256 is in the binding.</summary>
    public required ReadOnlyMemory<byte> KeysetBytes { get; init; }

    /// <summary>The model manifest's Merkle root, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ManifestRoot { get; init; }

    /// <summary>The Merkle roots of the models that <see cref="ManifestRoot"/> covers where those are several, 32 bytes each; else empty. Whoever computed that root from the list vouches for it.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ModelRoots { get; init; } = [];

    /// <summary>The configuration map's bytes as received; their SHA-256 is in the binding.</summary>
    public required ReadOnlyMemory<byte> ConfigurationBytes { get; init; }

    /// <summary>The subnet identity that the node binds, or null.</summary>
    public NodeIdentity? Identity { get; init; }

    /// <summary>Where the nonce stands in the batch that the quote covers.</summary>
    public required NonceProof NonceProof { get; init; }

    /// <summary>The QuoteCollateralV3 JSON in UTF-8, or null where there is none.</summary>
    public ReadOnlyMemory<byte>? CpuCollateral { get; init; }

    /// <summary>Reference measurement files (SWID XML), in any order.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuRims { get; init; } = [];

    /// <summary>OCSP answers about the GPUs' certificates, DER, in any order.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GpuOcspResponses { get; init; } = [];
}
