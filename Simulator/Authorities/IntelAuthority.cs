using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Authorities;

/// <summary>
/// The Intel-like hierarchy: root → Platform and Processor PCK authorities → PCK certificate, and root → TCB signing
/// certificate. Profiles follow "Intel SGX PCK Certificate and Certificate Revocation List Profile Specification" 1.5.
/// </summary>
internal sealed class IntelAuthority(AuthorityFolder folder)
{
    public const string Root = "intel-root";
    public const string PlatformCa = "intel-pck-platform-ca";
    public const string ProcessorCa = "intel-pck-processor-ca";
    public const string TcbSigning = "intel-tcb-signing";
    private const string Pck = "intel-pck";
    private const string Attestation = "intel-attestation";

    private const string RootCrlUri = "https://simulated.invalid/IntelSGXRootCA.der";
    private const string PlatformCrlUri = "https://simulated.invalid/sgx/certification/v4/pckcrl?ca=platform&encoding=der";
    private const string ProcessorCrlUri = "https://simulated.invalid/sgx/certification/v4/pckcrl?ca=processor&encoding=der";

    private static readonly DateTimeOffset AuthorityFrom = new(2018, 5, 21, 10, 45, 10, TimeSpan.Zero);
    private static readonly DateTimeOffset AuthorityUntil = new(2049, 12, 31, 23, 59, 59, TimeSpan.Zero);

    /// <summary>The name of every key of this authority, with its curve.</summary>
    public static IEnumerable<(string Name, ECCurve Curve)> Keys { get; } =
        [.. new[] { Root, PlatformCa, ProcessorCa, TcbSigning, Pck, Attestation }.Select(name => (name, ECCurve.NamedCurves.nistP256))];

    /// <summary>The names of the certificates that are kept on disk.</summary>
    public static IEnumerable<string> CertificateNames { get; } = [Root, PlatformCa, ProcessorCa];

    /// <summary>The key that signs TD quotes.</summary>
    public ECDsa AttestationKey => folder.Key(Attestation);

    /// <summary>
    /// The P-384 key that signs quotes of attestation key type 3. It is made anew by each process: a quoting enclave may have any, and the
    /// installations on disk have none.
    /// </summary>
    public ECDsa WideAttestationKey => folder.Ephemeral(Attestation + "-p384", ECCurve.NamedCurves.nistP384);

    /// <summary>The key that signs QE reports.</summary>
    public ECDsa PckKey => folder.Key(Pck);

    /// <summary>The key that signs TCB info and QE identity.</summary>
    public ECDsa TcbSigningKey => folder.Key(TcbSigning);

    /// <summary>The root as every list and chain names it.</summary>
    public X509Certificate2 RootCertificate => folder.Certificate(Root);

    public static IEnumerable<(string Name, X509Certificate2 Certificate)> Certify(Func<string, ECDsa> key) =>
        CertificateNames.Select(name => (name, Issue(name, key, CertificateSpec.Standard)));

    /// <summary>The certificate of a PCK authority, or the root's where null: the installation's, or one that is issued again with a difference.</summary>
    public byte[] Authority(PckCa? ca, CertificateSpec change)
    {
        string name = ca is { } pck ? CaName(pck) : Root;
        if (change == CertificateSpec.Standard)
        {
            return folder.Certificate(name).RawData;
        }

        using X509Certificate2 certificate = Issue(name, folder.Key, change);
        return certificate.RawData;
    }

    public X509Certificate2 CaCertificate(PckCa ca) => folder.Certificate(CaName(ca));

    public ECDsa CaKey(PckCa ca) => folder.Key(CaName(ca));

    public ECDsa RootKey => folder.Key(Root);

    /// <summary>A PCK certificate for this platform's key with the fields given.</summary>
    public X509Certificate2 IssuePck(PckSpec spec, DateTimeOffset now)
    {
        string issuer = CaName(spec.Ca);
        X500DistinguishedName subject = Subject(Pck);
        ECDsa issuerKey = spec.SelfSigned ? PckKey : folder.Key(issuer);
        return CertificateAuthor.Issue(
            spec.Certificate,
            subject,
            PckKey,
            spec.SelfSigned ? subject : Subject(issuer),
            issuerKey,
            (spec.NotBefore ?? now.AddDays(-1), spec.NotAfter ?? Earlier(now.AddYears(7), AuthorityUntil)),
            spec.SerialNumber ?? DefaultPckSerial(spec),
            CertificateAuthor.AuthorityKey(issuerKey),
            CertificateAuthor.CrlAt(spec.Ca == PckCa.Platform ? PlatformCrlUri : ProcessorCrlUri),
            CertificateAuthor.SubjectKey(PckKey),
            CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation),
            CertificateAuthor.EndEntity(),
            SgxExtension.Encode(spec, DefaultPpid, DefaultPlatformInstanceId));
    }

    /// <summary>20 bytes: the same for equal fields, so that a revocation list can name the certificate.</summary>
    public byte[] DefaultPckSerial(PckSpec spec)
    {
        byte[] serial = Derived([.. "serial"u8, .. SgxExtension.Encode(spec, DefaultPpid, DefaultPlatformInstanceId).RawData], 20);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }

    public X509Certificate2 IssueTcbSigning(CertificateSpec change, DateTimeOffset notBefore, DateTimeOffset notAfter) => CertificateAuthor.Issue(
        change,
        Subject(TcbSigning),
        TcbSigningKey,
        Subject(Root),
        RootKey,
        (notBefore, Earlier(notAfter, AuthorityUntil)),
        CertificateAuthor.KeyIdentifier(TcbSigningKey),
        CertificateAuthor.AuthorityKey(RootKey),
        CertificateAuthor.CrlAt(RootCrlUri),
        CertificateAuthor.SubjectKey(TcbSigningKey),
        CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation),
        CertificateAuthor.EndEntity());

    private static X509Certificate2 Issue(string name, Func<string, ECDsa> key, CertificateSpec change) => CertificateAuthor.Issue(
        change,
        Subject(name),
        key(name),
        Subject(Root),
        key(Root),
        (AuthorityFrom, AuthorityUntil),
        CertificateAuthor.KeyIdentifier(key(name)),
        CertificateAuthor.AuthorityKey(key(Root)),
        CertificateAuthor.CrlAt(RootCrlUri),
        CertificateAuthor.SubjectKey(key(name)),
        CertificateAuthor.Usage(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign),
        CertificateAuthor.Authority(name == Root ? 1 : 0));

    /// <summary>The platform provisioning id of a PCK certificate with these fields, 16 bytes.</summary>
    public byte[] Ppid(PckSpec spec) => spec.Ppid ?? DefaultPpid;

    private byte[] DefaultPpid => Derived("ppid"u8, 16);

    private byte[] DefaultPlatformInstanceId => Derived("platform-instance"u8, 16);

    private static string CaName(PckCa ca) => ca == PckCa.Platform ? PlatformCa : ProcessorCa;

    private static X500DistinguishedName Subject(string name) => DistinguishedName.Intel(name switch
    {
        Root => "Intel SGX Root CA",
        PlatformCa => "Intel SGX PCK Platform CA",
        ProcessorCa => "Intel SGX PCK Processor CA",
        TcbSigning => "Intel SGX TCB Signing",
        _ => "Intel SGX PCK Certificate",
    });

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    // Platform identifiers are as random as the installation's keys, and need no file of their own.
    private byte[] Derived(ReadOnlySpan<byte> label, int length) =>
        SHA256.HashData([.. label, .. PckKey.ExportSubjectPublicKeyInfo()])[..length];
}
