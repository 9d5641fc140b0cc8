using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Snp;

/// <summary>What goes with an SEV-SNP report. Times that are null follow the clock.</summary>
public sealed record SnpCollateralSpec
{
    /// <summary>The key's certificate; null for none.</summary>
    public SnpKeySpec? Key { get; init; } = new();

    /// <summary>Whether intermediate and root come along.</summary>
    public bool WithAuthorities { get; init; } = true;

    /// <summary>Whether the root's revocation list comes along.</summary>
    public bool WithCrl { get; init; } = true;

    /// <summary>Puts the intermediate on the list.</summary>
    public bool RevokeIntermediate { get; init; }

    /// <summary><c>thisUpdate</c> of the list; an hour ago where null.</summary>
    public DateTimeOffset? CrlThisUpdate { get; init; }

    /// <summary><c>nextUpdate</c> of the list; a year later where null.</summary>
    public DateTimeOffset? CrlNextUpdate { get; init; }

    /// <summary>What is wrong with the list's signature.</summary>
    public SignatureFault CrlSignature { get; init; }
}
