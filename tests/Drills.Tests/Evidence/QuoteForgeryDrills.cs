using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Quotes that no hardware made.</summary>
public sealed class QuoteForgeryDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly TdxQuoteSpec Quote = new() { ReportData = new byte[64] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void A_bare_32_byte_quote_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce) with { CpuEvidence = SHA256.HashData(nonce) });
        Assert.Equal((VerdictKind.Malformed, CheckNames.QuoteFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void An_empty_quote_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce) with { CpuEvidence = Array.Empty<byte>() });
        Assert.Equal((VerdictKind.Malformed, CheckNames.QuoteFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void Bytes_after_the_quote_are_refused_unless_they_are_padding()
    {
        NodeEvidence honest = node.Show(nonce);
        Assert.True(node.Appraise(honest with { CpuEvidence = (byte[])[.. honest.CpuEvidence.Span, 0, 0, 0] }).IsAccepted);
        Verdict verdict = node.Appraise(honest with { CpuEvidence = (byte[])[.. honest.CpuEvidence.Span, 0, 0, 1] });
        Assert.Equal((VerdictKind.Malformed, CheckNames.QuoteFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_truncated_quote_is_refused()
    {
        NodeEvidence honest = node.Show(nonce);
        Verdict verdict = node.Appraise(honest with { CpuEvidence = honest.CpuEvidence[..^1] });
        Assert.Equal((VerdictKind.Malformed, CheckNames.QuoteFormat), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_self_signed_quote_is_refused()
    {
        Verdict verdict = node.Appraise(node.Show(nonce, new() { Quote = Quote with { Pck = new() { SelfSigned = true } } }));
        Assert.Equal((VerdictKind.Rejected, CheckNames.QuoteChain), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_quote_of_another_installation_is_refused()
    {
        // What a forger has: a certificate authority of his own with the right names.
        using var forger = new DrillNode();
        Verdict verdict = node.Appraise(forger.Show(nonce));
        Assert.Equal((VerdictKind.Rejected, CheckNames.QuoteChain), (verdict.Kind, verdict.Reason));
    }

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_body_that_the_attestation_key_did_not_sign_is_refused(SignatureFault fault) =>
        Refused(Quote with { Signature = fault }, CheckNames.QuoteSignature);

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_quoting_enclave_report_that_the_platform_did_not_sign_is_refused(SignatureFault fault) =>
        Refused(Quote with { Qe = new() { Signature = fault } }, CheckNames.QuoteQeReportSignature);

    [Fact]
    public void An_attestation_key_that_the_quoting_enclave_does_not_vouch_for_is_refused()
    {
        // A recorded quoting enclave report for the real key, and the forger's key beside it.
        NodeEvidence honest = node.Show(nonce);
        byte[] quote = honest.CpuEvidence.ToArray();
        using var forged = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECPoint point = forged.ExportParameters(false).Q;
        forged.SignData(quote.AsSpan(0, 632), HashAlgorithmName.SHA256).CopyTo(quote.AsSpan(636));
        point.X!.CopyTo(quote.AsSpan(700));
        point.Y!.CopyTo(quote.AsSpan(732));
        DrillNode.Refused(node.Appraise(honest with { CpuEvidence = quote }), CheckNames.QuoteQeReportData);
    }

    [Fact]
    public void A_quoting_enclave_of_another_signer_is_refused() =>
        Refused(Quote with { Qe = new() { MrSigner = new byte[32] } }, CheckNames.TcbQeIdentity);

    [Fact]
    public void A_debug_quoting_enclave_is_refused() => Refused(
        Quote with { Qe = new() { Attributes = [0x17, 0, 0, 0, 0, 0, 0, 0, 0xE7, 0, 0, 0, 0, 0, 0, 0] } }, CheckNames.TcbQeIdentity);

    [Fact]
    public void A_module_of_another_signer_is_refused() => Refused(
        Quote with { MrSignerSeam = SHA384.HashData("forger"u8) }, CheckNames.TcbModule, "policy.tdx.mrSignerSeam");

    [Fact]
    public void An_expired_platform_certificate_is_refused() => Refused(
        Quote with { Pck = new() { NotBefore = node.Time.GetUtcNow().AddYears(-8), NotAfter = node.Time.GetUtcNow().AddDays(-1) } },
        CheckNames.QuoteChain);

    private void Refused(TdxQuoteSpec quote, params string[] checks) =>
        DrillNode.Refused(node.Appraise(node.Show(nonce, new() { Quote = quote })), checks);
}
