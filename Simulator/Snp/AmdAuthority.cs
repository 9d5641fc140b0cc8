using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.Snp;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Snp;

/// <summary>ARK → ASK → VCEK and ARK → ASVK → VLEK of one product line (AMD VCEK and KDS interface specification 57230, section 3).</summary>
internal sealed class AmdAuthority : IDisposable
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";

    private static readonly DateTimeOffset From = new(2020, 10, 22, 17, 23, 5, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2045, 10, 22, 17, 23, 5, TimeSpan.Zero);

    private readonly SnpProduct product;
    private readonly RSA arkKey;
    private readonly RSA askKey;
    private readonly RSA asvkKey;
    private readonly X509Certificate2 ask;
    private readonly X509Certificate2 asvk;

    public AmdAuthority(SnpProduct product, int keyBits)
    {
        this.product = product;
        arkKey = RSA.Create(keyBits);
        askKey = RSA.Create(keyBits);
        asvkKey = RSA.Create(keyBits);
        Ark = Request($"ARK-{product}", arkKey, null).CreateSelfSigned(From, Until);
        ask = Request($"SEV-{product}", askKey, 0).Create(Ark.SubjectName, Signer(arkKey), From, Until, [2]);
        asvk = Request($"SEV-VLEK-{product}", asvkKey, 0).Create(Ark.SubjectName, Signer(arkKey), From, Until, [3]);
    }

    public X509Certificate2 Ark { get; }

    public X509Certificate2 Intermediate(bool vlek) => vlek ? asvk : ask;

    /// <summary>AMD's VCEKs all have the serial number 0.</summary>
    public byte[] IssueKey(SnpKeySpec spec, ECDsa key, SnpTcb platform, byte[] chip, DateTimeOffset now)
    {
        SnpTcb svns = spec.Tcb ?? platform;
        CertificateRequest request = new(Name(spec.IsVlek ? "SEV-VLEK" : "SEV-VCEK"), key, HashAlgorithmName.SHA384);
        Add(request, "1", writer => writer.WriteInteger(1));
        Add(request, "2", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, spec.ProductName ?? $"{product}-B0"));
        Add(request, "3.1", writer => writer.WriteInteger(svns.BootLoader));
        Add(request, "3.2", writer => writer.WriteInteger(svns.Tee));
        Add(request, "3.3", writer => writer.WriteInteger(svns.Snp));
        Add(request, "3.8", writer => writer.WriteInteger(svns.Microcode));
        if (svns.Fmc is { } fmc)
        {
            Add(request, "3.9", writer => writer.WriteInteger(fmc));
        }

        if (spec.NamesChip ?? !spec.IsVlek)
        {
            request.CertificateExtensions.Add(new X509Extension(Arc + "4", spec.HardwareId ?? chip, critical: false));
        }

        if (spec.NamesProvider ?? spec.IsVlek)
        {
            Add(request, "5", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, spec.Provider));
        }

        DateTimeOffset from = spec.NotBefore ?? now.AddDays(-1);
        using X509Certificate2 leaf = request.Create(
            Intermediate(spec.IsVlek).SubjectName, Signer(spec.IsVlek ? asvkKey : askKey), from, spec.NotAfter ?? from.AddYears(spec.IsVlek ? 1 : 7), [0]);
        return leaf.RawData;
    }

    public byte[] Crl(SnpCollateralSpec spec, bool vlek, DateTimeOffset from, DateTimeOffset until)
    {
        CertificateRevocationListBuilder builder = new();
        if (spec.RevokeIntermediate)
        {
            builder.AddEntry(Intermediate(vlek));
        }

        using RSA? foreign = spec.CrlSignature == SignatureFault.ForeignKey ? RSA.Create(2048) : null;
        byte[] list = builder.Build(
            Ark.SubjectName, Signer(foreign ?? arkKey), 1, until, HashAlgorithmName.SHA384,
            X509AuthorityKeyIdentifierExtension.CreateFromIssuerNameAndSerialNumber(Ark.SubjectName, Ark.SerialNumberBytes.Span), from);
        list[^1] ^= (byte)(spec.CrlSignature == SignatureFault.BitFlipped ? 1 : 0);
        return list;
    }

    public void Dispose()
    {
        arkKey.Dispose();
        askKey.Dispose();
        asvkKey.Dispose();
        Ark.Dispose();
        ask.Dispose();
        asvk.Dispose();
    }

    // The organisation says whose it is, so that nobody who prints a simulated certificate takes it for hardware.
    private static X500DistinguishedName Name(string name) => new($"CN={name}, O=Verathos simulator, OU=Engineering, L=Santa Clara, S=CA, C=US");

    private static X509SignatureGenerator Signer(RSA key) => X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pss);

    private static CertificateRequest Request(string name, RSA key, int? pathLength)
    {
        CertificateRequest request = new(Name(name), key, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        return request;
    }

    private static void Add(CertificateRequest request, string arc, Action<AsnWriter> write)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        write(writer);
        request.CertificateExtensions.Add(new X509Extension(Arc + arc, writer.Encode(), critical: false));
    }
}
