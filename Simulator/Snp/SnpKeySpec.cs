using Verathos.Attestation.Snp;

namespace Verathos.Simulator.Snp;

/// <summary>The fields of a VCEK or VLEK certificate (AMD VCEK and KDS interface specification 57230, table 8).</summary>
public sealed record SnpKeySpec
{
    /// <summary>True for the key that AMD lends to a cloud provider.</summary>
    public bool IsVlek { get; init; }

    /// <summary>The TCB that the key is derived from; the authority's own where null.</summary>
    public SnpTcb? Tcb { get; init; }

    /// <summary>The product name; that of the authority with a stepping where null.</summary>
    public string? ProductName { get; init; }

    /// <summary>Whether the certificate names a chip; a VCEK's does where null.</summary>
    public bool? NamesChip { get; init; }

    /// <summary>Whether the certificate names a provider; a VLEK's does where null.</summary>
    public bool? NamesProvider { get; init; }

    /// <summary>The hardware identifier, 64 bytes or on Turin 8; the authority's chip where null.</summary>
    public byte[]? HardwareId { get; init; }

    /// <summary>The provider.</summary>
    public string Provider { get; init; } = "CN=cloud.example";

    /// <summary>Start of validity; yesterday where null.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>End of validity; seven years after its start where null, for a VLEK one.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}
