using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests;

/// <summary>What is kept from earlier verifications serves exactly the same bytes under the same anchor, and never another time.</summary>
[Collection(nameof(VerificationCache))]
public sealed class CacheTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly DateTimeOffset Now = SimulatedAuthorities.Now;

    [Fact]
    public void Collateral_that_is_known_does_not_serve_a_changed_byte()
    {
        byte[] quote = Quote();
        byte[] collateral = authorities.Trusted.Collateral.Current;
        Assert.True(Appraise(quote, collateral).IsAccepted);
        Assert.True(VerificationCache.Collateral.Count > 0);

        foreach ((string member, string failed) in new[]
        {
            ("tcb_info", CheckNames.CollateralTcbInfo), ("qe_identity", CheckNames.CollateralQeIdentity), ("pck_crl", CheckNames.CollateralCrl), ("root_ca_crl", CheckNames.CollateralCrl),
        })
        {
            JsonObject changed = JsonNode.Parse(collateral)!.AsObject();
            string text = changed[member]!.GetValue<string>();
            changed[member] = member.EndsWith("crl", StringComparison.Ordinal)
                ? text[..^1] + (text[^1] == '0' ? '1' : '0')
                : text.Insert(1, " ");
            Assert.Equal(failed, Appraise(quote, Encoding.UTF8.GetBytes(changed.ToJsonString())).Reason);
        }
    }

    [Fact]
    public void Collateral_that_is_known_does_not_serve_another_anchor()
    {
        byte[] quote = Quote();
        byte[] collateral = authorities.Trusted.Collateral.Current;
        Assert.True(Appraise(quote, collateral).IsAccepted);

        Verdict foreign = Appraiser.AppraiseQuote(quote, collateral, null, authorities.ForeignAnchors, Now, TimeSource.Verifier);

        foreach (string name in (string[])[CheckNames.QuoteChain, CheckNames.CollateralCrlChain, CheckNames.CollateralTcbInfo, CheckNames.CollateralQeIdentity])
        {
            Assert.Equal(CheckResult.Failed, foreign.Find(name)!.Value.Result);
        }
    }

    [Fact]
    public void Collateral_that_is_known_does_not_serve_another_time()
    {
        byte[] quote = Quote();
        byte[] collateral = authorities.Trusted.Collateral.Current;
        Assert.True(Appraise(quote, collateral).IsAccepted);

        foreach (DateTimeOffset at in new[] { Now.AddDays(60), Now.AddYears(-1), Now.AddYears(40) })
        {
            Verdict other = Appraiser.AppraiseQuote(quote, collateral, null, authorities.Anchors, at, TimeSource.Verifier);
            Assert.Equal(CheckResult.Failed, other.Find(CheckNames.CollateralTcbInfo)!.Value.Result);
            Assert.Equal(CheckResult.Failed, other.Find(CheckNames.CollateralCrl)!.Value.Result);
            Assert.Equal(CheckResult.Failed, other.Find(CheckNames.CollateralQeIdentity)!.Value.Result);
        }

        Assert.True(Appraise(quote, collateral).IsAccepted);
    }

    [Fact]
    public void A_chain_that_is_known_does_not_serve_a_changed_certificate_another_anchor_or_another_time()
    {
        Certificate[] chain = [.. Chain(Quote())];
        byte[] pin = authorities.Anchors.IntelRootSpki.ToArray();
        Assert.True(CertificatePath.TryBuild(chain, pin, out CertificatePath? path, out string problem), problem);
        Assert.True(path!.CheckValidity(Now, out _));

        Assert.False(CertificatePath.TryBuild(chain, authorities.ForeignAnchors.IntelRootSpki.Span, out _, out _));
        Assert.False(CertificatePath.TryBuild(chain[..2], pin, out _, out _));
        Assert.False(CertificatePath.TryBuild([chain[0], chain[2]], pin, out _, out _));
        Assert.True(CertificatePath.TryBuild(chain, pin, out CertificatePath? again, out _));
        Assert.Same(path, again);
        Assert.False(again!.CheckValidity(Now.AddYears(30), out _));
        Assert.False(again.CheckValidity(Now.AddYears(-30), out _));
        for (int i = 0; i < chain.Length; i++)
        {
            // The last bit of the signature: everything that is read of the certificate stays as it was.
            byte[] changed = chain[i].Der.ToArray();
            changed[^1] ^= 1;
            Assert.True(Certificate.TryParse(changed, out Certificate? other, out ParseError error), error.ToString());
            Assert.NotSame(chain[i], other);
            Certificate[] with = [.. chain];
            with[i] = other!;
            Assert.False(CertificatePath.TryBuild(with, pin, out _, out _), $"certificate {i}");
        }
    }

    [Fact]
    public void A_certificate_is_kept_only_once_its_chain_holds()
    {
        Certificate leaf = Chain(Quote(serial: 77))[0];
        Appraiser.ClearCaches();
        Assert.True(Certificate.TryParse(leaf.Der, out Certificate? first, out _));
        Assert.True(Certificate.TryParse(leaf.Der, out Certificate? second, out _));

        Assert.NotSame(first, second);
        Assert.Equal(0, VerificationCache.Certificates.Count);
    }

    [Fact]
    public void A_signature_that_is_known_does_not_serve_another_issuer()
    {
        Certificate[] chain = [.. Chain(Quote())];
        Assert.True(chain[0].IsSignedBy(chain[1]));
        Assert.True(chain[0].IsSignedBy(chain[1]));

        Assert.False(chain[0].IsSignedBy(chain[2]));
        Assert.False(chain[1].IsSignedBy(chain[0]));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(96)]
    public void A_key_that_is_known_does_not_serve_a_changed_point(int length)
    {
        using ECDsa signer = ECDsa.Create(length == 64 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384);
        ECPoint q = signer.ExportParameters(false).Q;
        byte[] point = [.. q.X!, .. q.Y!];
        byte[] signature = signer.SignData([1, 2, 3], HashAlgorithmName.SHA384);
        Assert.True(EcPublicKey.TryImportPoint(point, out EcPublicKey? key) && key!.VerifyRaw([1, 2, 3], signature, HashAlgorithmName.SHA384));
        Assert.True(EcPublicKey.TryImportPoint(point, out EcPublicKey? same));
        Assert.Same(key, same);

        for (int i = 0; i < length; i += 7)
        {
            byte[] other = [.. point];
            other[i] ^= 1;
            Assert.False(EcPublicKey.TryImportPoint(other, out EcPublicKey? wrong) && wrong!.VerifyRaw([1, 2, 3], signature, HashAlgorithmName.SHA384));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_certificates_key_that_is_not_on_the_curve_is_no_key(bool wide)
    {
        using ECDsa signer = ECDsa.Create(wide ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=a", signer, HashAlgorithmName.SHA384);
        using X509Certificate2 made = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        ECPoint q = signer.ExportParameters(false).Q;
        byte[] der = made.RawData;
        Assert.True(Certificate.TryParse(der, out Certificate? right, out _));
        Assert.True(right!.TryGetKey(out EcPublicKey? key) && right.IsSignedBy(right));
        Assert.Equal(wide ? 384 : 256, key!.KeySize);

        int at = der.AsSpan().IndexOf(q.Y.AsSpan());
        der[at] ^= 1;
        Assert.True(Certificate.TryParse(der, out Certificate? wrong, out _));
        Assert.False(wrong!.TryGetKey(out EcPublicKey? none));
        Assert.Null(none);
        Assert.False(wrong.IsSignedBy(wrong));
        Assert.False(wrong.IsSignedBy(right));
    }

    [Fact]
    public void An_RSA_key_that_is_known_does_not_serve_a_changed_modulus()
    {
        using RSA signer = RSA.Create(2048);
        byte[] spki = signer.ExportSubjectPublicKeyInfo();
        byte[] signature = signer.SignData([4, 5], HashAlgorithmName.SHA384, RSASignaturePadding.Pss);
        Assert.True(RsaPublicKey.TryImportSpki(spki, out RsaPublicKey? key) && key!.Verify([4, 5], signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
        Assert.True(RsaPublicKey.TryImportSpki(spki, out RsaPublicKey? same));
        Assert.Same(key, same);

        spki[100] ^= 1;
        Assert.False(RsaPublicKey.TryImportSpki(spki, out RsaPublicKey? other) && other!.Verify([4, 5], signature, HashAlgorithmName.SHA384, RSASignaturePadding.Pss));
    }

    [Fact]
    public void A_reference_file_that_is_known_does_not_serve_a_changed_byte_another_anchor_or_another_time()
    {
        byte[] rim = authorities.Trusted.Rim.Driver;
        ReadOnlySpan<byte> pin = authorities.Anchors.NvidiaRimRootSpki.Span;
        VerifiedRim? known = VerifiedRim.Verify(rim, pin, out _);
        Assert.Null(known!.ProblemAt(Now));
        Assert.Same(known, VerifiedRim.Verify(rim, pin, out _));

        Assert.NotNull(known.ProblemAt(Now.AddYears(40)));
        Assert.NotNull(VerifiedRim.Verify(rim, authorities.ForeignAnchors.NvidiaRimRootSpki.Span, out _)!.Problem);
        string text = Encoding.UTF8.GetString(rim);
        string changed = text.Replace("colloquialVersion=\"", "colloquialVersion=\"1", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        Assert.NotNull(VerifiedRim.Verify(Encoding.UTF8.GetBytes(changed), pin, out _)!.Problem);
    }

    [Fact]
    public void Nothing_that_nobody_trusted_signed_is_kept()
    {
        byte[] quote = Quote(serial: 99);
        MintedGpuEvidence gpu = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });
        Appraiser.ClearCaches();
        Appraiser.AppraiseQuote(quote, authorities.Trusted.Collateral.Current, null, authorities.ForeignAnchors, Now, TimeSource.Verifier);
        Appraiser.AppraiseGpu(
            new GpuEvidence(gpu.Report, gpu.CertificateChain), [authorities.Trusted.Rim.Driver], null, null, authorities.ForeignAnchors, Now, TimeSource.Verifier);

        Assert.Equal(0, VerificationCache.Collateral.Count);
        Assert.Equal(0, VerificationCache.Certificates.Count);
        Assert.Equal(0, VerificationCache.Paths.Count);
        Assert.Equal(0, VerificationCache.Links.Count);
        Assert.Equal(0, VerificationCache.Rims.Count);
    }

    private byte[] Quote(byte serial = 5) => authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64], Pck = new PckSpec { SerialNumber = [1, serial] } });

    private Verdict Appraise(byte[] quote, byte[] collateral) => Appraiser.AppraiseQuote(quote, collateral, null, authorities.Anchors, Now, TimeSource.Verifier);

    private static IReadOnlyList<Certificate> Chain(byte[] quote) =>
        PemReader.TryRead(quote.AsSpan(quote.AsSpan().IndexOf("-----BEGIN"u8)), out IReadOnlyList<Certificate> chain, out ParseError error)
            ? chain
            : throw new InvalidOperationException(error.ToString());
}
