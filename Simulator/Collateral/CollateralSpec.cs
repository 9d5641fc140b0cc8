using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Collateral;

/// <summary>Every field of the collateral for a TDX quote, or with <see cref="Sgx"/> for an SGX quote. Times that are null follow the clock.</summary>
public sealed record CollateralSpec
{
    /// <summary>What goes with an SGX quote: TCB info and QE identity of SGX.</summary>
    public static CollateralSpec Sgx { get; } = new() { TcbInfoId = "SGX", QeIdentityId = "QE", QeIsvProdId = 1 };

    /// <summary>Whose PCK certificate chain the bundle carries, for quotes that carry none; null for no chain.</summary>
    public PckSpec? PckCertificate { get; init; }

    /// <summary>Which authority's CRL the bundle carries.</summary>
    public PckCa Ca { get; init; } = PckCa.Platform;

    /// <summary><c>id</c> of the TCB info.</summary>
    public string TcbInfoId { get; init; } = "TDX";

    /// <summary><c>version</c> of the TCB info.</summary>
    public int TcbInfoVersion { get; init; } = 3;

    /// <summary><c>tcbType</c> of the TCB info.</summary>
    public int TcbType { get; init; }

    /// <summary>The platform that the TCB info is for, 6 bytes.</summary>
    public byte[] Fmspc { get; init; } = [0x00, 0x80, 0x6F, 0x05, 0, 0];

    /// <summary>The PCE that the TCB info is for, 2 bytes.</summary>
    public byte[] PceId { get; init; } = [0, 0];

    /// <summary><c>tcbEvaluationDataNumber</c> of the TCB info.</summary>
    public int TcbEvaluationDataNumber { get; init; } = 21;

    /// <summary><c>tcbEvaluationDataNumber</c> of the QE identity; the TCB info's where null.</summary>
    public int? QeEvaluationDataNumber { get; init; }

    /// <summary><c>id</c> of the QE identity.</summary>
    public string QeIdentityId { get; init; } = "TD_QE";

    /// <summary><c>version</c> of the QE identity.</summary>
    public int QeIdentityVersion { get; init; } = 2;

    /// <summary><c>issueDate</c> of the QE identity; the TCB info's where null.</summary>
    public DateTimeOffset? QeIssueDate { get; init; }

    /// <summary><c>nextUpdate</c> of the QE identity; the TCB info's where null.</summary>
    public DateTimeOffset? QeNextUpdate { get; init; }

    /// <summary><c>issueDate</c> of TCB info and QE identity; an hour ago where null.</summary>
    public DateTimeOffset? IssueDate { get; init; }

    /// <summary><c>nextUpdate</c> of TCB info and QE identity; 30 days after issue where null.</summary>
    public DateTimeOffset? NextUpdate { get; init; }

    /// <summary><c>tdxModule</c> of the TCB info.</summary>
    public TdxModuleSpec Module { get; init; } = new();

    /// <summary><c>tdxModuleIdentities</c> of the TCB info.</summary>
    public IReadOnlyList<TdxModuleSpec> ModuleIdentities { get; init; } = DefaultLevels.Modules;

    /// <summary><c>tcbLevels</c> of the TCB info, best first; the first that matches counts.</summary>
    public IReadOnlyList<TcbLevelSpec> TcbLevels { get; init; } = DefaultLevels.Platform;

    /// <summary>MRSIGNER of the quoting enclave, 32 bytes.</summary>
    public byte[] QeMrSigner { get; init; } = ReferenceMeasurement.QeMrSigner;

    /// <summary>ISVPRODID of the quoting enclave.</summary>
    public int QeIsvProdId { get; init; } = 2;

    /// <summary>MISCSELECT of the quoting enclave, 4 bytes as they stand in the report.</summary>
    public byte[] QeMiscSelect { get; init; } = [0, 0, 0, 0];

    /// <summary>Which bits of <see cref="QeMiscSelect"/> count, 4 bytes.</summary>
    public byte[] QeMiscSelectMask { get; init; } = [0xFF, 0xFF, 0xFF, 0xFF];

    /// <summary>ATTRIBUTES of the quoting enclave, 16 bytes.</summary>
    public byte[] QeAttributes { get; init; } = [0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Which bits of <see cref="QeAttributes"/> count, 16 bytes.</summary>
    public byte[] QeAttributesMask { get; init; } = [0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>TCB levels of the quoting enclave, best first.</summary>
    public IReadOnlyList<IsvLevelSpec> QeLevels { get; init; } = DefaultLevels.QuotingEnclave;

    /// <summary>Serial numbers (big-endian) on the PCK authority's CRL, besides the few that always are.</summary>
    public IReadOnlyList<byte[]> RevokedPcks { get; init; } = [];

    /// <summary>Serial numbers (big-endian) on the root's CRL.</summary>
    public IReadOnlyList<byte[]> RevokedByRoot { get; init; } = [];

    /// <summary><c>cRLNumber</c> of both lists.</summary>
    public int CrlNumber { get; init; } = 1;

    /// <summary><c>thisUpdate</c> of both lists; an hour ago where null.</summary>
    public DateTimeOffset? CrlThisUpdate { get; init; }

    /// <summary><c>nextUpdate</c> of both lists; 30 days (PCK) and a year (root) later where null.</summary>
    public DateTimeOffset? CrlNextUpdate { get; init; }

    /// <summary>Start of validity of the TCB signing certificate; 30 days ago where null.</summary>
    public DateTimeOffset? TcbSigningNotBefore { get; init; }

    /// <summary>End of validity of the TCB signing certificate; seven years after its start where null.</summary>
    public DateTimeOffset? TcbSigningNotAfter { get; init; }

    /// <summary>What else differs in the certificate that signs the TCB info.</summary>
    public CertificateSpec TcbSigning { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the certificate that signs the QE identity; that of the TCB info serves both where null.</summary>
    public CertificateSpec? QeSigning { get; init; }

    /// <summary>What differs in the certificate of the PCK CRL's issuer.</summary>
    public CertificateSpec PckAuthority { get; init; } = CertificateSpec.Standard;

    /// <summary>What differs in the root's certificate, in every chain of the bundle.</summary>
    public CertificateSpec Root { get; init; } = CertificateSpec.Standard;

    /// <summary>Which certificates (DER, signer first) the chain of a member of the bundle has, by the member's name; all where null.</summary>
    public Func<string, IReadOnlyList<byte[]>, IEnumerable<byte[]>>? ArrangeChain { get; init; }

    /// <summary>What else differs in the PCK authority's CRL.</summary>
    public RevocationListSpec PckCrl { get; init; } = RevocationListSpec.Standard;

    /// <summary>What else differs in the root's CRL.</summary>
    public RevocationListSpec RootCrl { get; init; } = RevocationListSpec.Standard;

    /// <summary>What is wrong with the signature over the TCB info.</summary>
    public SignatureFault TcbInfoSignature { get; init; }

    /// <summary>What is wrong with the signature over the QE identity.</summary>
    public SignatureFault QeIdentitySignature { get; init; }

    /// <summary>What is wrong with the signature of the PCK authority's CRL.</summary>
    public SignatureFault PckCrlSignature { get; init; }

    /// <summary>Rewrites the TCB info before it is signed.</summary>
    public Func<string, string>? EditTcbInfo { get; init; }

    /// <summary>Rewrites the QE identity before it is signed.</summary>
    public Func<string, string>? EditQeIdentity { get; init; }

    /// <summary>Rewrites the finished bundle, as whoever delivers it could.</summary>
    public Func<string, string>? EditBundle { get; init; }
}
