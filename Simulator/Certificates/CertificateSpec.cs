using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Certificates;

/// <summary>
/// What differs in one certificate (RFC 5280 section 4.1) from the one that the simulated authority issues by itself. A null
/// leaves the field as it is. Key identifiers are not adapted: they go on naming the keys of the authority.
/// </summary>
public sealed record CertificateSpec
{
    /// <summary>Nothing differs.</summary>
    public static CertificateSpec Standard { get; } = new();

    /// <summary>serialNumber: unsigned, big-endian, at most 20 bytes.</summary>
    public byte[]? SerialNumber { get; init; }

    /// <summary>validity.notBefore.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>validity.notAfter.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>subject.</summary>
    public X500DistinguishedName? Subject { get; init; }

    /// <summary>issuer.</summary>
    public X500DistinguishedName? Issuer { get; init; }

    /// <summary>subjectPublicKeyInfo, DER: whose key the certificate shows.</summary>
    public byte[]? SubjectPublicKeyInfo { get; init; }

    /// <summary>basicConstraints.cA, in a certificate that then has the extension.</summary>
    public bool? IsAuthority { get; init; }

    /// <summary>basicConstraints.pathLenConstraint; needs <see cref="IsAuthority"/>.</summary>
    public int? PathLength { get; init; }

    /// <summary>keyUsage.</summary>
    public X509KeyUsageFlags? KeyUsage { get; init; }

    /// <summary>Object identifiers of extensions that are left out.</summary>
    public ImmutableArray<string> WithoutExtensions { get; init; } = [];

    /// <summary>Extensions that replace those of the same identifier, or come after the others.</summary>
    public ImmutableArray<X509Extension> Extensions { get; init; } = [];

    /// <summary>What is wrong with the issuer's signature.</summary>
    public SignatureFault Signature { get; init; }
}
