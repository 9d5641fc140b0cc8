using System.Numerics;

namespace Verathos.Attestation.Collateral;

/// <summary>One document that was collected, or was not to be had.</summary>
public sealed record CollectedDocument
{
    /// <summary>What it is.</summary>
    public required CollateralKind Kind { get; init; }

    /// <summary>Which of its kind.</summary>
    public required string Name { get; init; }

    /// <summary>The same in words.</summary>
    public required string Title { get; init; }

    /// <summary>Where it came from.</summary>
    public required DocumentOrigin Origin { get; init; }

    /// <summary>The address or file; empty where there is none.</summary>
    public string Source { get; init; } = "";

    /// <summary>The TCB evaluation's or list's number; null where there is none.</summary>
    public BigInteger? Number { get; init; }

    /// <summary>When it was issued.</summary>
    public DateTimeOffset? Issued { get; init; }

    /// <summary>Until when it may be relied on.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary>Bytes of the document itself.</summary>
    public int Length { get; init; }

    /// <summary>What a person should know: why a service's own was not had, or that its time is over. Null where nothing.</summary>
    public string? Remark { get; init; }
}
