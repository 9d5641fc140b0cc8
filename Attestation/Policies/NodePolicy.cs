using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>The <c>node</c> section: what holds for every node, whatever its hardware. It is always present.</summary>
public sealed record NodePolicy
{
    /// <summary><c>node.timeSources</c>: where the time of an appraisal may come from.</summary>
    public required PolicyField<IReadOnlyList<TimeSource>> TimeSources { get; init; }

    /// <summary><c>node.maxEvidenceAgeSeconds</c>: how old evidence may be, counted from the nonce.</summary>
    public required PolicyField<TimeSpan> MaxEvidenceAge { get; init; }

    /// <summary><c>node.maxKeysetLifetimeSeconds</c>: the longest span from a keyset's not-before to its not-after.</summary>
    public required PolicyField<TimeSpan> MaxKeysetLifetime { get; init; }

    /// <summary><c>node.kems</c>: the HPKE KEMs, by IANA number, of which the keyset must offer one; a client seals with no other.</summary>
    public required PolicyField<IReadOnlyList<int>> Kems { get; init; }

    /// <summary><c>node.topologies</c>: how the untrusted front and the enclave are arranged.</summary>
    public required PolicyField<IReadOnlyList<string>> Topologies { get; init; }

    /// <summary><c>node.manifests</c>: the Merkle roots of the models that may be served, 32 bytes each.</summary>
    public required PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Manifests { get; init; }

    /// <summary><c>node.subnet</c>: the subnet that the node's identity must name.</summary>
    public required PolicyField<SubnetRule> Subnet { get; init; }

    internal static NodePolicy Read(PolicySection section) => new()
    {
        TimeSources = section.Field<IReadOnlyList<TimeSource>>("timeSources", PolicyValues.TimeSources),
        MaxEvidenceAge = section.Field<TimeSpan>("maxEvidenceAgeSeconds", PolicyValues.Seconds),
        MaxKeysetLifetime = section.Field<TimeSpan>("maxKeysetLifetimeSeconds", PolicyValues.Seconds),
        Kems = section.Field<IReadOnlyList<int>>("kems", PolicyValues.Kems),
        Topologies = section.Field<IReadOnlyList<string>>("topologies", PolicyValues.Topologies),
        Manifests = section.HexList("manifests", 32),
        Subnet = section.Field<SubnetRule>("subnet", PolicyValues.Subnet),
    };
}
