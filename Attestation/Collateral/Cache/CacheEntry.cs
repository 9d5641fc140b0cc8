using System.Numerics;

namespace Verathos.Attestation.Collateral.Cache;

/// <summary>One document of a cache, as a list shows it.</summary>
public sealed record CacheEntry
{
    /// <summary>What it is.</summary>
    public required CollateralKind Kind { get; init; }

    /// <summary>Which of its kind.</summary>
    public required string Name { get; init; }

    /// <summary>The line of TCB evaluations; empty for kinds that have none.</summary>
    public required string Channel { get; init; }

    /// <summary>The TCB evaluation's or list's number; null where there is none.</summary>
    public BigInteger? Number { get; init; }

    /// <summary>When it was issued; null where it does not hold.</summary>
    public DateTimeOffset? Issued { get; init; }

    /// <summary>Until when it may be relied on; null where it does not hold.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset FetchedAt { get; init; }

    /// <summary>Where it came from.</summary>
    public required string Source { get; init; }

    /// <summary>Bytes of the document itself.</summary>
    public required int Length { get; init; }

    /// <summary>Why it is of no use: it does not verify, is older than what was seen, or its time is over. Null where it is of use.</summary>
    public string? Problem { get; init; }
}
