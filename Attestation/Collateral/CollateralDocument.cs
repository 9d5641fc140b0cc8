namespace Verathos.Attestation.Collateral;

/// <summary>One document as its vendor published it. Nothing in it is trusted before <see cref="DocumentVerifier"/> has looked.</summary>
internal sealed record CollateralDocument
{
    public required CollateralKind Kind { get; init; }

    /// <summary>Which document of its kind, as <see cref="CollateralItem.Name"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The line of TCB evaluations; empty for kinds that have none.</summary>
    public string Channel { get; init; } = "";

    /// <summary>The exact bytes: JSON that was signed, DER, PEM for a PCK certificate's chain, or XML.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>r || s, for Intel's JSON; empty where the body carries its own.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The certificates that came along, PEM: the signer's chain, or what the answer is about with its chain.</summary>
    public ReadOnlyMemory<byte> ChainPem { get; init; }

    /// <summary>When it came.</summary>
    public DateTimeOffset FetchedAt { get; init; }

    /// <summary>Where it came from; said and not relied on.</summary>
    public string Source { get; init; } = "";
}
