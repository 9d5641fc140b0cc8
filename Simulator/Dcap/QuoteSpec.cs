using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Dcap;

/// <summary>
/// What quotes of SGX enclaves and of TDX guests have in common: header, signature, quoting enclave and certification data
/// ("Intel SGX ECDSA Quote Library API" appendix A, "Intel TDX DCAP Quoting Library API" appendix A.3).
/// </summary>
public abstract record QuoteSpec
{
    private protected QuoteSpec()
    {
    }

    /// <summary>Header: quote version; 5 describes its body by type and size.</summary>
    public ushort Version { get; init; } = 4;

    /// <summary>Header: 2 is ECDSA-256-with-P-256, 3 ECDSA-384-with-P-384; with 3 the attestation key is one of that curve.</summary>
    public ushort AttestationKeyType { get; init; } = 2;

    /// <summary>Header: 0x81 is TDX, 0 is SGX.</summary>
    public uint TeeType { get; init; } = 0x81;

    /// <summary>Type of the body in a version 5 quote: 1 SGX, 2 TDX 1.0, 3 TDX 1.5, 4 TDX 1.5 with service TDs.</summary>
    public ushort BodyType { get; init; } = 2;

    /// <summary>Size of the body as a version 5 quote says it; the true number where null.</summary>
    public uint? DeclaredBodySize { get; init; }

    /// <summary>Header: the 4 reserved bytes at offset 8.</summary>
    public byte[] HeaderReserved { get; init; } = [0, 0, 0, 0];

    /// <summary>Header: QE vendor id, 16 bytes; the default is Intel's.</summary>
    public byte[] QeVendorId { get; init; } =
        [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];

    /// <summary>Header: user data, 20 bytes.</summary>
    public byte[] UserData { get; init; } = new byte[20];

    /// <summary>What is wrong with the attestation key's signature over header and body.</summary>
    public SignatureFault Signature { get; init; }

    /// <summary>The attestation public key (x || y, 64 or 96 bytes) that the quote shows, where it shall not be the signing one's.</summary>
    public byte[]? AttestationKey { get; init; }

    /// <summary>The quoting enclave's report.</summary>
    public QeReportSpec Qe { get; init; } = new();

    /// <summary>The PCK certificate.</summary>
    public PckSpec Pck { get; init; } = new();

    /// <summary>What differs in the certificate of the PCK's issuer.</summary>
    public CertificateSpec PckAuthority { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the root's certificate in the PCK chain.</summary>
    public CertificateSpec Root { get; init; } = CertificateSpec.Standard;

    /// <summary>
    /// Which certificates (DER, in <see cref="ChainOrder"/>) the chain has; leaf, intermediate and root where null.
    /// </summary>
    public Func<IReadOnlyList<byte[]>, IEnumerable<byte[]>>? ArrangeChain { get; init; }

    /// <summary>Length of the signature data as the quote says it; the true number where null.</summary>
    public uint? DeclaredSignatureDataLength { get; init; }

    /// <summary>Length of the outer certification data as the quote says it; the true number where null.</summary>
    public uint? DeclaredOuterLength { get; init; }

    /// <summary>Length of the inner certification data as the quote says it; the true number where null.</summary>
    public uint? DeclaredInnerLength { get; init; }

    /// <summary>Length of the authentication data as the quote says it; the true number where null.</summary>
    public ushort? DeclaredAuthenticationLength { get; init; }

    /// <summary>Certification data type of the outer structure; 6 is "QE report certification data".</summary>
    public ushort OuterCertificationType { get; init; } = 6;

    /// <summary>Certification data type of the inner structure; 1 to 3 name the PCK, 4 is its certificate, 5 is its chain.</summary>
    public ushort InnerCertificationType { get; init; } = 5;

    /// <summary>Order of the PCK chain.</summary>
    public PckChainOrder ChainOrder { get; init; }

    /// <summary>Whether a NUL follows the PEM, inside its length, as Intel's library writes it.</summary>
    public bool PemEndsInNul { get; init; } = true;

    /// <summary>The inner certification data itself, where it shall be something else than what its type says.</summary>
    public byte[]? CertificationData { get; init; }

    /// <summary>Zero bytes after the quote, as clouds pad them.</summary>
    public int TrailingZeros { get; init; }

    internal abstract byte[] Body();

    private protected static byte[] Sized(byte[] value, int length, string name) => value.Length == length
        ? value
        : throw new ArgumentException($"{name} has {value.Length} bytes instead of {length}", name);
}
