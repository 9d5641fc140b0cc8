using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Verathos.Attestation.Snp;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>A root, two intermediates, a VCEK and a VLEK of a product line of its own, and reports that they sign. Minted: no hardware made any of it.</summary>
internal sealed class TestAmd : IDisposable
{
    private const string Arc = "1.3.6.1.4.1.3704.1.";
    private static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // RSA keys take long to make, so two pairs serve all: one for the trusted vendor, one for another.
    private static readonly RSA[] Pool = [.. Enumerable.Range(0, 4).Select(_ => RSA.Create(2048))];

    private readonly RSA _arkKey;
    private readonly RSA _askKey;
    private readonly ECDsa _leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly X509Certificate2 _ark;
    private readonly X509Certificate2 _ask;
    private readonly X509Certificate2 _asvk;

    public TestAmd(SnpProduct product, bool other = false)
    {
        Product = product;
        int pair = other ? 2 : 0;
        (_arkKey, _askKey) = (Pool[pair], Pool[pair + 1]);
        CertificateRequest root = Authority($"ARK-{product}", _arkKey, null);
        _ark = root.CreateSelfSigned(From, From.AddYears(20));
        _ask = Authority($"SEV-{product}", _askKey, 0).Create(_ark.SubjectName, Signer(_arkKey), From, From.AddYears(20), [2]);
        _asvk = Authority($"SEV-VLEK-{product}", _askKey, 0).Create(_ark.SubjectName, Signer(_arkKey), From, From.AddYears(20), [3]);
    }

    public static DateTimeOffset At { get; } = From.AddDays(100);

    public SnpProduct Product { get; }

    public byte[] ChipId { get; } = RandomNumberGenerator.GetBytes(64);

    public string RootPem => _ark.ExportCertificatePem();

    public TrustAnchors Anchors => TrustAnchors.TryFromRoots(System.Text.Encoding.ASCII.GetBytes(RootPem), out TrustAnchors? anchors, out ParseError error)
        ? anchors!
        : throw new InvalidOperationException(error.ToString());

    /// <summary>The hardware identifier as the product writes it.</summary>
    public byte[] HardwareId => Product == SnpProduct.Turin ? ChipId[..8] : ChipId;

    public byte[] Leaf(bool vlek = false, SnpTcb? tcb = null, byte[]? hardwareId = null, string? name = null, bool? csp = null, bool? chip = null)
    {
        SnpTcb svns = tcb ?? Tcb;
        CertificateRequest request = new(Name(vlek ? "SEV-VLEK" : "SEV-VCEK"), _leafKey, HashAlgorithmName.SHA384);
        Add(request, "1", writer => writer.WriteInteger(1));
        Add(request, "2", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, name ?? $"{Product}-B0"));
        Add(request, "3.1", writer => writer.WriteInteger(svns.BootLoader));
        Add(request, "3.2", writer => writer.WriteInteger(svns.Tee));
        Add(request, "3.3", writer => writer.WriteInteger(svns.Snp));
        Add(request, "3.8", writer => writer.WriteInteger(svns.Microcode));
        if (svns.Fmc is { } fmc)
        {
            Add(request, "3.9", writer => writer.WriteInteger(fmc));
        }

        if (chip ?? !vlek)
        {
            request.CertificateExtensions.Add(new X509Extension(Arc + "4", hardwareId ?? HardwareId, critical: false));
        }

        if (csp ?? vlek)
        {
            Add(request, "5", writer => writer.WriteCharacterString(UniversalTagNumber.IA5String, "CN=cloud.example"));
        }

        using X509Certificate2 leaf = request.Create((vlek ? _asvk : _ask).SubjectName, Signer(_askKey), From, From.AddYears(7), [0]);
        return leaf.RawData;
    }

    public SnpTcb Tcb => new(4, 1, 24, 219, Product == SnpProduct.Turin ? (byte)2 : null);

    public byte[] Crl(bool revokeAsk = false, DateTimeOffset? nextUpdate = null)
    {
        CertificateRevocationListBuilder builder = new();
        if (revokeAsk)
        {
            builder.AddEntry(_ask);
        }

        using X509Certificate2 issuer = _ark.HasPrivateKey ? new X509Certificate2(_ark) : _ark.CopyWithPrivateKey(_arkKey);
        return builder.Build(
            issuer, 1, nextUpdate ?? From.AddYears(1), HashAlgorithmName.SHA384, RSASignaturePadding.Pss, From);
    }

    public JsonObject Collateral(byte[]? leaf = null, bool vlek = false, byte[]? crl = null) => new()
    {
        [vlek ? "vlek_der_b64" : "vcek_der_b64"] = Convert.ToBase64String(leaf ?? Leaf(vlek)),
        ["ask_der_b64"] = Convert.ToBase64String((vlek ? _asvk : _ask).RawData),
        ["ark_der_b64"] = Convert.ToBase64String(_ark.RawData),
        ["crl_der_b64"] = Convert.ToBase64String(crl ?? Crl()),
    };

    /// <summary>A report that passes, changed as asked before it is signed.</summary>
    public byte[] Report(int version = 3, bool vlek = false, Action<byte[]>? change = null)
    {
        byte[] report = new byte[SnpReport.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(report, (uint)version);
        BinaryPrimitives.WriteUInt64LittleEndian(report.AsSpan(8), 0x30000);
        report[0x34] = 1;
        report[0x48] = (byte)(vlek ? 4 : 0);
        RandomNumberGenerator.Fill(report.AsSpan(0x50, 64 + 48));
        report.AsSpan(0x160, 32).Fill(0xFF);
        foreach (int offset in new[] { 0x38, 0x180, 0x1E0, 0x1F0 })
        {
            WriteTcb(report.AsSpan(offset, 8), Tcb);
        }

        if (version >= 3)
        {
            (report[0x188], report[0x189]) = Product switch
            {
                SnpProduct.Turin => ((byte)0x1A, (byte)0x02),
                SnpProduct.Genoa => ((byte)0x19, (byte)0xA0),
                _ => ((byte)0x19, (byte)0x01),
            };
        }

        if (version >= 5)
        {
            report[0x1F8] = 0x0B;
            report[0x200] = 0x0B;
        }

        HardwareId.CopyTo(report, 0x1A0);
        change?.Invoke(report);
        Sign(report);
        return report;
    }

    public void Sign(byte[] report)
    {
        byte[] signature = _leafKey.SignData(report.AsSpan(0, 0x2A0), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        signature.AsSpan(0, 48).Reverse();
        signature.AsSpan(48).Reverse();
        signature.AsSpan(0, 48).CopyTo(report.AsSpan(0x2A0));
        signature.AsSpan(48).CopyTo(report.AsSpan(0x2E8));
    }

    public void WriteTcb(Span<byte> target, SnpTcb tcb)
    {
        target.Clear();
        if (Product == SnpProduct.Turin)
        {
            (target[0], target[1], target[2], target[3], target[7]) = (tcb.Fmc ?? 0, tcb.BootLoader, tcb.Tee, tcb.Snp, tcb.Microcode);
        }
        else
        {
            (target[0], target[1], target[6], target[7]) = (tcb.BootLoader, tcb.Tee, tcb.Snp, tcb.Microcode);
        }
    }

    public void Dispose()
    {
        _leafKey.Dispose();
        _ark.Dispose();
        _ask.Dispose();
        _asvk.Dispose();
    }

    private static X500DistinguishedName Name(string name) => new($"CN={name}, O=Test Micro Devices");

    private static X509SignatureGenerator Signer(RSA key) => X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pss);

    private static CertificateRequest Authority(string name, RSA key, int? pathLength)
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
