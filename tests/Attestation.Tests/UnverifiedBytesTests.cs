using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;
using Certificate = Verathos.Attestation.X509.Certificate;

namespace Verathos.Attestation.Tests;

/// <summary>What anybody can send: it is not kept unless somebody trusted signed it, and it reaches no terminal as it came.</summary>
[Collection(nameof(VerificationCache))]
public sealed class UnverifiedBytesTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private const string CompositeDeviceId = "2.23.133.5.4.1";

    [Fact]
    public void A_certificate_is_kept_once_a_path_holds_and_not_before()
    {
        byte[] forged = SelfSigned("anybody", new byte[4]);

        Certificate stranger = Parse(forged);
        Assert.False(CertificatePath.TryBuild([stranger], authorities.Anchors.IntelRootSpki.Span, out _, out _));
        Assert.NotSame(stranger, Parse(forged));

        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        Assert.True(Appraiser.AppraiseQuote(
            quote, authorities.Trusted.Collateral.Current, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier).IsAccepted);
        Assert.True(PemReader.TryRead(Tdx(quote), out IReadOnlyList<Certificate> chain, out _));
        Assert.All(chain, certificate => Assert.Same(certificate, Parse(certificate.Der.ToArray())));
    }

    [Fact]
    public void A_link_is_not_kept_for_an_issuer_that_the_root_does_not_vouch_for()
    {
        // The pinned root's certificate is public: anybody can put a chain of their own under its name.
        byte[] rootDer = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(authorities.Trusted.Roots.Folder, "intel-root.pem"))).RawData;
        Certificate root = Parse(rootDer);
        using ECDsa issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa forger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X500DistinguishedName rootName = new(root.SubjectName.ToArray());
        X500DistinguishedName issuerName = new("CN=issuer");
        using X509Certificate2 issuer = Request("issuer", issuerKey, authority: true).Create(
            rootName, X509SignatureGenerator.CreateForECDsa(forger), SimulatedAuthorities.Now.AddDays(-1), SimulatedAuthorities.Now.AddDays(1), [1, 2, 3]);
        using X509Certificate2 leaf = Request("leaf", leafKey, authority: false).Create(
            issuerName, X509SignatureGenerator.CreateForECDsa(issuerKey), SimulatedAuthorities.Now.AddDays(-1), SimulatedAuthorities.Now.AddDays(1), [4, 5, 6]);

        Assert.False(CertificatePath.TryBuild(
            [Parse(leaf.RawData), Parse(issuer.RawData), root], authorities.Anchors.IntelRootSpki.Span, out _, out string problem));

        Assert.Contains("the signature of \"issuer\"", problem, StringComparison.Ordinal);
        byte[] link = SHA256.HashData([.. Parse(leaf.RawData).Thumbprint.Span, .. Parse(issuer.RawData).SpkiDigest.Span]);
        Assert.False(VerificationCache.Links.TryGet(link, out _));
    }

    [Fact]
    public void Reference_measurements_are_kept_where_their_signature_holds_and_not_elsewhere()
    {
        byte[] good = authorities.Trusted.Rim.Driver;
        byte[] bad = authorities.Trusted.Rim.Mint(new RimSpec { Kind = RimKind.Driver, Signature = SignatureFault.BitFlipped });

        Assert.Same(Rim(good), Rim(good));
        Assert.NotNull(Rim(bad).Problem);
        Assert.NotSame(Rim(bad), Rim(bad));

        VerifiedRim Rim(byte[] xml) => VerifiedRim.Verify(xml, authorities.Anchors.NvidiaRimRootSpki.Span, out _)!;
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("tcb-info", false)]
    [InlineData("qe-identity", false)]
    [InlineData("crl", false)]
    public void Collateral_is_kept_where_every_signature_holds_and_not_elsewhere(string fault, bool kept)
    {
        byte[] json = authorities.Trusted.Collateral.Mint(new()
        {
            TcbInfoSignature = fault == "tcb-info" ? SignatureFault.BitFlipped : default,
            QeIdentitySignature = fault == "qe-identity" ? SignatureFault.BitFlipped : default,
            PckCrlSignature = fault == "crl" ? SignatureFault.BitFlipped : default,
        });

        Assert.True(Attestation.Collateral.VerifiedCollateral.TryVerify(json, authorities.Anchors.IntelRootSpki.Span, out Attestation.Collateral.VerifiedCollateral? one, out _));
        Assert.True(Attestation.Collateral.VerifiedCollateral.TryVerify(json, authorities.Anchors.IntelRootSpki.Span, out Attestation.Collateral.VerifiedCollateral? two, out _));

        Assert.Equal(kept, ReferenceEquals(one, two));
    }

    [Theory]
    [InlineData("3100")]
    [InlineData("30023100")]
    [InlineData("2c00")]
    [InlineData("300424023000")]
    public void Firmware_identifiers_under_odd_universal_tags_are_none(string hex)
    {
        Certificate certificate = Parse(SelfSigned("device", Convert.FromHexString(hex)));

        Assert.NotNull(certificate.Extension(CompositeDeviceId));
        Assert.Empty(FirmwareIdentifier.Read(certificate));
    }

    [Fact]
    public void Control_characters_of_the_host_reach_nobody_who_reads_the_verdict()
    {
        Verdict format = authorities.Appraise(authorities.Mint() with { CpuFormat = "sgx\u001b[2J\u202e\r\nok\u0085" }, null);
        Verdict topology = authorities.Appraise(authorities.Mint(node => node with { Topology = "a\u001b[2Jb" }), SimulatedAuthorities.Simulated);

        Assert.Contains("\"sgx\\u001b[2J\\u202e\\u000d\\u000aok\\u0085\"", format.Find(CheckNames.QuoteFormat)!.Value.Detail, StringComparison.Ordinal);
        Assert.Equal("a\\u001b[2Jb", topology.Claims["node.topology"]);
        foreach (string text in format.Checks.Concat(topology.Checks).Select(check => check.Detail).Concat(topology.Claims.Values))
        {
            Assert.DoesNotContain(text, char.IsControl);
        }
    }

    [Fact]
    public void Text_of_any_language_is_shown_as_it_is() => Assert.Equal("Intel é 漢", PrintableText.Escape("Intel é 漢"));

    private static byte[] Tdx(byte[] quote) =>
        Attestation.Tdx.TdxQuote.TryParse(quote, out Attestation.Tdx.TdxQuote? parsed, out _) ? parsed!.PckChain.ToArray() : throw new InvalidOperationException("no quote");

    private static Certificate Parse(byte[] der) =>
        Certificate.TryParse(der, out Certificate? certificate, out ParseError error) ? certificate! : throw new InvalidOperationException(error.ToString());

    private static byte[] SelfSigned(string name, byte[] identity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = Request(name, key, authority: false);
        request.CertificateExtensions.Add(new X509Extension(CompositeDeviceId, identity, critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(SimulatedAuthorities.Now.AddDays(-1), SimulatedAuthorities.Now.AddDays(1));
        return certificate.RawData;
    }

    private static CertificateRequest Request(string name, ECDsa key, bool authority)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        return request;
    }
}
