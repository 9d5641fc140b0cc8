using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Tests.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests;

/// <summary>
/// The shapes in which verifiers were seen to fail open, one test each under its name, over the formats besides a TDX node's (whose
/// own are in <see cref="FailOpenTests"/>).
/// </summary>
public sealed class FailOpenShapeTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>, IDisposable
{
    private readonly TestAmd _amd = new(SnpProduct.Milan);

    public void Dispose() => _amd.Dispose();

    [Fact]
    public void Shape_null_metadata_means_no_check()
    {
        byte[] report = _amd.Report();
        foreach (string collateral in (string[])["", "{}", "null", "{\"vcek_der_b64\":null}"])
        {
            AssertRejected(Snp(report, Encoding.UTF8.GetBytes(collateral)), CheckNames.CollateralMissing, CheckNames.SnpSignature, CheckNames.SnpRevocation);
        }

        foreach (bool nvidia in new[] { true, false })
        {
            Verdict token = Appraiser.AppraiseTokens("e30.e30.AA"u8.ToArray(), nvidia, default, null, null, TrustAnchors.Production, SimulatedAuthorities.Now, TimeSource.Verifier);
            AssertRejected(token, CheckNames.CollateralMissing, CheckNames.TokenSignature);
        }

        MintedGpuEvidence gpu = Gpu();
        AssertRejected(AppraiseGpu(new GpuEvidence(gpu.Report, gpu.CertificateChain)), CheckNames.GpuDriverRim, CheckNames.GpuMeasurements);
    }

    [Fact]
    public void Shape_empty_list_and_not_listed_are_both_false()
    {
        byte[] report = _amd.Report();
        JsonObject without = _amd.Collateral();
        without.Remove("crl_der_b64");
        using TestAmd other = new(SnpProduct.Milan, other: true);

        Assert.True(Snp(report, Bytes(_amd.Collateral())).IsAccepted);
        AssertRejected(Snp(report, Bytes(without)), CheckNames.CollateralMissing, CheckNames.SnpRevocation);
        AssertRejected(Snp(report, Bytes(_amd.Collateral(crl: _amd.Crl(revokeAsk: true)))), CheckNames.SnpRevocation);

        // An empty list that somebody else signed is no list.
        AssertRejected(Snp(report, Bytes(_amd.Collateral(crl: other.Crl()))), CheckNames.SnpRevocation);
    }

    [Fact]
    public void Shape_a_given_root_is_added_to_the_vendors()
    {
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] });
        byte[] collateral = authorities.Trusted.Collateral.Current;
        Assert.True(TrustAnchors.TryFromRoots(Encoding.ASCII.GetBytes(authorities.Trusted.Roots.IntelRootPem), out TrustAnchors? right, out _));
        Assert.True(TrustAnchors.TryFromRoots(Encoding.ASCII.GetBytes(_amd.RootPem), out TrustAnchors? wrong, out _));
        Verdict Under(TrustAnchors anchors) => Appraiser.AppraiseQuote(quote, collateral, null, anchors, SimulatedAuthorities.Now, TimeSource.Verifier);

        Assert.True(Under(right!).IsAccepted);
        AssertRejected(Under(wrong!), CheckNames.QuoteChain, CheckNames.CollateralTcbInfo);
        AssertRejected(Under(TrustAnchors.Production), CheckNames.QuoteChain, CheckNames.CollateralTcbInfo);
        Assert.False(wrong!.IntelRootSpki.Span.SequenceEqual(TrustAnchors.Production.IntelRootSpki.Span));
        Assert.Equal(32, wrong.IntelRootSpki.Length);
        Assert.Equal(32, wrong.AmdRootSpki(SnpProduct.Milan).Length);
    }

    [Fact]
    public void Shape_an_exception_reads_as_structural_verification()
    {
        // A certificate whose key no platform takes, where its signature is needed; a point that is none; a modulus of nothing.
        byte[] collateral = Bytes(_amd.Collateral());
        JsonObject broken = JsonNode.Parse(collateral)!.AsObject();
        byte[] vcek = Convert.FromBase64String(broken["vcek_der_b64"]!.GetValue<string>());
        Assert.True(Certificate.TryParse(vcek, out Certificate? certificate, out _));
        int point = vcek.AsSpan().IndexOf(certificate!.KeyBits.Span) + 20;
        vcek[point] ^= 1;
        broken["vcek_der_b64"] = Convert.ToBase64String(vcek);

        AssertRejected(Snp(_amd.Report(), Bytes(broken)), CheckNames.SnpChain, CheckNames.SnpSignature);
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64], AttestationKey = [.. Enumerable.Repeat((byte)0xFF, 64)] });
        AssertRejected(
            Appraiser.AppraiseQuote(quote, authorities.Trusted.Collateral.Current, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier),
            CheckNames.QuoteSignature);
        Assert.False(RsaPublicKey.TryImport(new byte[256], [1, 0, 1], out _));
    }

    [Fact]
    public void Shape_a_chain_that_cannot_be_read_reads_as_absent()
    {
        byte[] report = _amd.Report();
        foreach (string member in (string[])["vcek_der_b64", "ask_der_b64", "ark_der_b64", "crl_der_b64"])
        {
            JsonObject collateral = _amd.Collateral();
            collateral[member] = Convert.ToBase64String("garbage"u8);
            AssertRejected(Snp(report, Bytes(collateral)), CheckNames.CollateralMissing, CheckNames.SnpChain, CheckNames.SnpRevocation);
        }

        MintedGpuEvidence gpu = Gpu();
        ReadOnlyMemory<byte>[] references = [authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios];
        Verdict ocsp = Appraiser.AppraiseGpus(
            [new GpuEvidence(gpu.Report, gpu.CertificateChain)], references, [new byte[] { 0x30, 0 }], null, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);
        AssertRejected(ocsp, CheckNames.GpuRevocation);
        AssertRejected(AppraiseGpu(new GpuEvidence(gpu.Report, gpu.CertificateChain), "<a/>"u8.ToArray(), authorities.Trusted.Rim.Vbios), CheckNames.GpuDriverRim, CheckNames.GpuMeasurements);
        AssertRejected(
            Appraiser.AppraiseQuote(
                authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] }), authorities.Trusted.Collateral.Current, null, authorities.Anchors,
                SimulatedAuthorities.Now, TimeSource.Verifier, "garbage"u8.ToArray()),
            CheckNames.TdxEventLog);
    }

    [Fact]
    public void Shape_a_nil_expectation_reads_as_not_checked()
    {
        // Nothing to compare with: with a policy that rejects, and without one the claims say it.
        MintedGpuEvidence gpu = Gpu();
        GpuEvidence evidence = new(gpu.Report, gpu.CertificateChain);
        ReadOnlyMemory<byte>[] references = [authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios];
        Verdict Gpus(ReadOnlyMemory<byte>? nonce, bool appraised) => Appraiser.AppraiseGpu(
            evidence, references, nonce, appraised ? SimulatedAuthorities.Simulated : null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);

        Assert.StartsWith("not checked", Gpus(null, appraised: false).Claims["gpu.freshness"], StringComparison.Ordinal);
        Assert.Equal(CheckResult.Failed, Gpus(null, appraised: true).Find(CheckNames.GpuNonce)!.Value.Result);

        // An expectation of nothing is one, and no report answers it.
        Assert.Equal(CheckNames.GpuNonce, Gpus(ReadOnlyMemory<byte>.Empty, appraised: false).Reason);
    }

    [Fact]
    public void Shape_a_hash_is_searched_for_anywhere()
    {
        byte[] runtime = Encoding.ASCII.GetBytes("""{"keys":[]}""");
        byte[] hash = SHA256.HashData(runtime);

        // REPORT_DATA is at 0x50; the same bytes stand in HOST_DATA, in the ID block's digest and just beside their place.
        foreach (int place in (int[])[0xC0, 0xE0, 0x51, 0x70])
        {
            Verdict verdict = Hcl(_amd.Report(change: report => hash.CopyTo(report, place)), runtime);
            Assert.Equal(CheckResult.Failed, verdict.Find(CheckNames.HclRuntimeData)!.Value.Result);
        }

        byte[] right = [.. hash, .. new byte[32]];
        Assert.Equal(CheckResult.Passed, Hcl(_amd.Report(change: report => right.CopyTo(report, 0x50)), runtime).Find(CheckNames.HclRuntimeData)!.Value.Result);
    }

    [Fact]
    public void Shape_debug_is_looked_at_only_when_asked()
    {
        AssertRejected(Snp(_amd.Report(change: report => report[10] |= 0x08), Bytes(_amd.Collateral())), CheckNames.SnpDebug);
        byte[] quote = authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64], TdAttributes = [1, 0, 0, 0x10, 0, 0, 0, 0] });
        AssertRejected(
            Appraiser.AppraiseQuote(quote, authorities.Trusted.Collateral.Current, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier),
            CheckNames.QuoteDebug);
    }

    [Fact]
    public void Shape_a_key_or_signature_in_the_other_byte_order_throws_and_passes()
    {
        // SEV-SNP writes r and s little-endian, everybody else big-endian.
        byte[] report = _amd.Report();
        byte[] turned = [.. report];
        turned.AsSpan(0x2A0, 48).Reverse();
        turned.AsSpan(0x2E8, 48).Reverse();

        Assert.True(Snp(report, Bytes(_amd.Collateral())).IsAccepted);
        AssertRejected(Snp(turned, Bytes(_amd.Collateral())), CheckNames.SnpSignature);
    }

    [Fact]
    public void Shape_the_platforms_name_is_taken_from_the_response()
    {
        byte[] collateral = Bytes(_amd.Collateral());
        AssertRejected(Snp(_amd.Report(), collateral, "Genoa"), CheckNames.SnpProduct);
        AssertRejected(Snp(_amd.Report(2), collateral, null), CheckNames.SnpProduct);
        BatchVerifier batch = new(TimeProvider.System);
        foreach (string format in (string[])["tdx", "gpu", "azure-hcl", "nvidia-eat", "azure-maa"])
        {
            Verdict verdict = batch.Appraise(new BatchRequest
            {
                Evidence = _amd.Report(),
                Format = EvidenceFormats.TryFind(format, out EvidenceFormat named) ? named : EvidenceFormat.Unknown,
                Collateral = collateral,
                Anchors = _amd.Anchors,
                At = TestAmd.At,
            });
            Assert.False(verdict.IsAccepted, format);
        }
    }

    [Fact]
    public void Shape_a_key_beside_the_evidence_is_not_compared_with_the_one_inside()
    {
        // Another chip's genuine certificate; another list's genuine key.
        using TestAmd other = new(SnpProduct.Milan, other: true);
        JsonObject collateral = _amd.Collateral();
        collateral["vcek_der_b64"] = other.Collateral()["vcek_der_b64"]!.DeepClone();
        AssertRejected(Snp(_amd.Report(), Bytes(collateral)), CheckNames.SnpChain, CheckNames.SnpSignature);

        MintedGpuEvidence one = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32], Device = 0 });
        MintedGpuEvidence two = authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32], Device = 1 });
        AssertRejected(AppraiseGpu(new GpuEvidence(one.Report, two.CertificateChain), authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios), CheckNames.GpuSignature);
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static void AssertRejected(Verdict verdict, params ReadOnlySpan<string> failed)
    {
        Assert.False(verdict.IsAccepted);
        foreach (string name in failed)
        {
            Assert.True(verdict.Find(name)?.Result == CheckResult.Failed, $"{name}: {verdict.Find(name)}; {verdict.Reason}");
        }
    }

    private Verdict Snp(byte[] report, byte[] collateral, string? product = null) =>
        Appraiser.AppraiseSnp(report, collateral, product, null, _amd.Anchors, TestAmd.At, TimeSource.Verifier);

    private Verdict Hcl(byte[] report, byte[] runtime)
    {
        byte[] length = BitConverter.GetBytes(runtime.Length);
        byte[] hcl = [.. "HCLA"u8, .. new byte[28], .. report, .. BitConverter.GetBytes(runtime.Length + 20), 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, .. length, .. runtime];
        return Appraiser.AppraiseAzure(hcl, Bytes(_amd.Collateral()), null, null, null, _amd.Anchors, TestAmd.At, TimeSource.Verifier);
    }

    private MintedGpuEvidence Gpu() => authorities.Trusted.Gpu.Mint(new GpuReportSpec { Nonce = new byte[32] });

    private Verdict AppraiseGpu(GpuEvidence gpu, params byte[][] references) => Appraiser.AppraiseGpu(
        gpu, [.. references.Select(reference => (ReadOnlyMemory<byte>)reference)], null, null, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);
}
