using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;

namespace Verathos.Client.Trust;

/// <summary>A node's evidence with the verdict over it. Every member but the verdict is to be relied on only when that accepts.</summary>
public sealed record AppraisedEvidence
{
    /// <summary>The verdict.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The collection's bytes as received.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>The nonce that the evidence was asked for, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Nonce { get; init; }

    /// <summary>When the nonce was made.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>The collection; null when it does not parse.</summary>
    public EvidenceCollection? Collection { get; init; }

    /// <summary>The keyset; null when it does not parse.</summary>
    public Keyset? Keyset { get; init; }

    /// <summary>The manifest of the node's models; null when it does not parse.</summary>
    public ManifestSummary? Manifest { get; init; }

    /// <summary>The node's configuration; null when it does not parse.</summary>
    public NodeConfiguration? Configuration { get; init; }

    /// <summary>True when the evidence is simulated: by its trust anchors, or by the node's own word whatever the anchors.</summary>
    public bool Simulated => Verdict.Simulated || Configuration is { Simulated: true };

    /// <summary>The binding that the verifier recomputed, 48 bytes; empty when something of it does not parse.</summary>
    public ReadOnlyMemory<byte> Binding { get; init; }
}
