using Verathos.Simulator.Certificates;

namespace Verathos.Simulator.Tdx;

/// <summary>
/// Every field of a version 4 TDX quote ("Intel TDX DCAP Quoting Library API" appendix A.3). Defaults describe a guest
/// that the shipped policies accept; an attack is one <c>with</c> expression.
/// </summary>
public sealed record TdxQuoteSpec
{
    /// <summary>Header: quote version.</summary>
    public ushort Version { get; init; } = 4;

    /// <summary>Header: 2 is ECDSA-256-with-P-256.</summary>
    public ushort AttestationKeyType { get; init; } = 2;

    /// <summary>Header: 0x81 is TDX, 0 is SGX.</summary>
    public uint TeeType { get; init; } = 0x81;

    /// <summary>Header: the 4 reserved bytes at offset 8.</summary>
    public byte[] HeaderReserved { get; init; } = [0, 0, 0, 0];

    /// <summary>Header: QE vendor id, 16 bytes; the default is Intel's.</summary>
    public byte[] QeVendorId { get; init; } =
        [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];

    /// <summary>Header: user data, 20 bytes.</summary>
    public byte[] UserData { get; init; } = new byte[20];

    /// <summary>TEE_TCB_SVN, 16 bytes: module ISVSVN, module major version, then microcode.</summary>
    public byte[] TeeTcbSvn { get; init; } = [13, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Measurement of the TDX module, 48 bytes.</summary>
    public byte[] MrSeam { get; init; } = ReferenceMeasurement.MrSeam;

    /// <summary>Signer of the TDX module, 48 bytes; zero is Intel's.</summary>
    public byte[] MrSignerSeam { get; init; } = new byte[48];

    /// <summary>Attributes of the TDX module, 8 bytes.</summary>
    public byte[] SeamAttributes { get; init; } = new byte[8];

    /// <summary>Attributes of the guest, 8 bytes: bit 0 is DEBUG, bit 28 is SEPT_VE_DISABLE, bit 29 is MIGRATABLE.</summary>
    public byte[] TdAttributes { get; init; } = [0, 0, 0, 0x10, 0, 0, 0, 0];

    /// <summary>XFAM, 8 bytes.</summary>
    public byte[] Xfam { get; init; } = [0xE7, 0x02, 0x06, 0, 0, 0, 0, 0];

    /// <summary>Measurement of the guest's initial contents, 48 bytes.</summary>
    public byte[] MrTd { get; init; } = ReferenceMeasurement.Mrtd;

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public byte[] MrConfigId { get; init; } = new byte[48];

    /// <summary>MROWNER, 48 bytes.</summary>
    public byte[] MrOwner { get; init; } = new byte[48];

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public byte[] MrOwnerConfig { get; init; } = new byte[48];

    /// <summary>RTMR0, 48 bytes.</summary>
    public byte[] Rtmr0 { get; init; } = ReferenceMeasurement.Rtmr0;

    /// <summary>RTMR1, 48 bytes.</summary>
    public byte[] Rtmr1 { get; init; } = ReferenceMeasurement.Rtmr1;

    /// <summary>RTMR2, 48 bytes.</summary>
    public byte[] Rtmr2 { get; init; } = ReferenceMeasurement.Rtmr2;

    /// <summary>RTMR3, 48 bytes.</summary>
    public byte[] Rtmr3 { get; init; } = ReferenceMeasurement.Rtmr3;

    /// <summary>REPORTDATA, 64 bytes.</summary>
    public required byte[] ReportData { get; init; }

    /// <summary>What is wrong with the attestation key's signature over header and body.</summary>
    public SignatureFault Signature { get; init; }

    /// <summary>The attestation public key (x || y, 64 bytes) that the quote shows, where it shall not be the signing one's.</summary>
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

    /// <summary>Certification data type of the inner structure; 5 is "PCK certificate chain".</summary>
    public ushort InnerCertificationType { get; init; } = 5;

    /// <summary>Order of the PCK chain.</summary>
    public PckChainOrder ChainOrder { get; init; }

    /// <summary>Whether a NUL follows the PEM, inside its length, as Intel's library writes it.</summary>
    public bool PemEndsInNul { get; init; } = true;

    /// <summary>The inner certification data itself, where it shall be something else than the chain.</summary>
    public byte[]? CertificationData { get; init; }

    /// <summary>Zero bytes after the quote, as clouds pad them.</summary>
    public int TrailingZeros { get; init; }
}
