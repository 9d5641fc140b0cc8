using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Ocsp;

/// <summary>Every field of an OCSP answer about one certificate (RFC 6960 section 4.2.1). Times that are null follow the clock.</summary>
public sealed record OcspSpec
{
    /// <summary>Status of the response as a whole: 0 successful, 1 malformed request, 2 internal error, 3 try later, 6 unauthorised.</summary>
    public int ResponseStatus { get; init; }

    /// <summary>Status of the certificate: 0 good, 1 revoked, 2 unknown.</summary>
    public int Status { get; init; }

    /// <summary><c>thisUpdate</c> and <c>producedAt</c>; an hour ago where null.</summary>
    public DateTimeOffset? ThisUpdate { get; init; }

    /// <summary><c>nextUpdate</c>; a week later where null.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary>Leaves <c>nextUpdate</c> out.</summary>
    public bool WithoutNextUpdate { get; init; }

    /// <summary>The hash of the certificate's identifier, by object identifier; SHA-256 where null.</summary>
    public string? HashAlgorithm { get; init; }

    /// <summary>Another serial number than the certificate's, big-endian.</summary>
    public byte[]? SerialNumber { get; init; }

    /// <summary>True where the issuer signs by itself; else by a responder that it certified.</summary>
    public bool SignedByIssuer { get; init; }

    /// <summary>Purpose of the responder's certificate; null for OCSPSigning.</summary>
    public string? ResponderPurpose { get; init; }

    /// <summary>A responder that another authority certified under the issuer's name.</summary>
    public bool ForeignResponder { get; init; }

    /// <summary>What is wrong with the signature.</summary>
    public SignatureFault Signature { get; init; }
}
