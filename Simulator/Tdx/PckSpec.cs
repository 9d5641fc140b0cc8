using Verathos.Simulator.Certificates;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// The fields of a PCK certificate and of its SGX extension (1.2.840.113741.1.13.1). Defaults describe a platform that is
/// up to date under the default collateral.
/// </summary>
public sealed record PckSpec
{
    /// <summary>The authority that issues it.</summary>
    public PckCa Ca { get; init; } = PckCa.Platform;

    /// <summary>The 16 component SVNs, 0 to 255 each (…13.1.2.1 to …13.1.2.16); they also are the CPUSVN (…13.1.2.18).</summary>
    public byte[] TcbComponents { get; init; } = [9, 9, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>CPUSVN where it shall differ from <see cref="TcbComponents"/>, 16 bytes.</summary>
    public byte[]? CpuSvn { get; init; }

    /// <summary>PCESVN (…13.1.2.17).</summary>
    public ushort PceSvn { get; init; } = 11;

    /// <summary>PCE identifier, 2 bytes.</summary>
    public byte[] PceId { get; init; } = [0, 0];

    /// <summary>Family, model, stepping, platform type and SKU, 6 bytes.</summary>
    public byte[] Fmspc { get; init; } = [0x00, 0x80, 0x6F, 0x05, 0, 0];

    /// <summary>0 standard, 1 scalable, 2 scalable with integrity.</summary>
    public int SgxType { get; init; } = 1;

    /// <summary>Platform provisioning id, 16 bytes; the installation's own where null.</summary>
    public byte[]? Ppid { get; init; }

    /// <summary>Platform instance id, 16 bytes; the installation's own where null.</summary>
    public byte[]? PlatformInstanceId { get; init; }

    /// <summary>Dynamic platform (…13.1.7.1).</summary>
    public bool DynamicPlatform { get; init; } = true;

    /// <summary>Cached keys (…13.1.7.2).</summary>
    public bool CachedKeys { get; init; } = true;

    /// <summary>SMT enabled (…13.1.7.3).</summary>
    public bool SmtEnabled { get; init; } = true;

    /// <summary>Serial number, big-endian; derived from the other fields where null.</summary>
    public byte[]? SerialNumber { get; init; }

    /// <summary>Start of validity; yesterday where null.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>End of validity; seven years on where null.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>
    /// What else differs in the certificate: names, key, usage, extensions (the SGX extension among them), signature. The members
    /// above give serial number and validity.
    /// </summary>
    public CertificateSpec Certificate { get; init; } = CertificateSpec.Standard;

    /// <summary>Signed by its own key instead of by the authority.</summary>
    public bool SelfSigned { get; init; }
}
