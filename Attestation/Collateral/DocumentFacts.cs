using System.Numerics;

namespace Verathos.Attestation.Collateral;

/// <summary>What a verified document says about itself.</summary>
internal sealed record DocumentFacts
{
    /// <summary>The pinned root that it leads to: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo.</summary>
    public required string RootId { get; init; }

    /// <summary>Whose numbers rise together, without spaces; null for documents that have no number.</summary>
    public string? Issuer { get; init; }

    /// <summary>The number that never falls: a TCB evaluation's or a revocation list's; null where there is none.</summary>
    public BigInteger? Number { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset Issued { get; init; }

    /// <summary>Until when it may be relied on.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>Why it says nothing at a time; null where it does.</summary>
    public string? ProblemAt(DateTimeOffset at) =>
        at < Issued ? $"it is from {Issued:yyyy-MM-dd HH:mm:ss}Z, later than {at:yyyy-MM-dd HH:mm:ss}Z"
        : at > NextUpdate ? $"it expired on {NextUpdate:yyyy-MM-dd HH:mm:ss}Z"
        : null;
}
