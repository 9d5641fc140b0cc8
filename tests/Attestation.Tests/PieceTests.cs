using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Cases;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests;

/// <summary>
/// A lone quote or GPU report under a policy: its section rules, and the lines that it cannot answer are named and leave it unappraised.
/// </summary>
public sealed class PieceTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly Policy Simulated = SimulatedAuthorities.Simulated;

    [Fact]
    public void A_good_quote_is_verified_and_not_appraised()
    {
        Verdict verdict = AppraiseQuote(new TdxQuoteSpec { ReportData = new byte[64] });

        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.False(verdict.Appraised);
        Assert.StartsWith("not looked at", verdict.Claims[Appraiser.NodeLinesClaim], StringComparison.Ordinal);
        Assert.Equal(CheckResult.Passed, verdict.Find("policy.tdx.mrTd")!.Value.Result);
        Assert.Null(verdict.Find("policy.node.kems"));
        Assert.Equal(
            ["node.maxEvidenceAgeSeconds", "node.maxKeysetLifetimeSeconds", "node.kems", "node.topologies"], verdict.UnevaluatedLines);
    }

    [Fact]
    public void A_quote_is_appraised_once_every_line_that_it_cannot_answer_is_waived()
    {
        Policy policy = Simulated;
        foreach (string line in (string[])["node.maxEvidenceAgeSeconds", "node.maxKeysetLifetimeSeconds", "node.kems", "node.topologies"])
        {
            Assert.False(AppraiseQuote(new TdxQuoteSpec { ReportData = new byte[64] }, policy).Appraised);
            policy = PolicyEdit.WithLineWaived(policy, line);
        }

        Verdict verdict = AppraiseQuote(new TdxQuoteSpec { ReportData = new byte[64] }, policy);
        Assert.True(verdict is { IsAccepted: true, Appraised: true }, verdict.Reason);
        Assert.Empty(verdict.UnevaluatedLines);
        Assert.Equal(CheckResult.Waived, verdict.Find("policy.node.kems")!.Value.Result);
    }

    [Fact]
    public void A_quote_that_a_line_refuses_is_rejected()
    {
        Verdict verdict = AppraiseQuote(new TdxQuoteSpec { ReportData = new byte[64], MrTd = new byte[48] });

        Assert.Equal((VerdictKind.Rejected, "policy.tdx.mrTd"), (verdict.Kind, verdict.Reason));
        Assert.False(verdict.Appraised);
    }

    [Fact]
    public void A_good_gpu_report_is_verified_and_not_appraised()
    {
        Verdict verdict = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32] }, Simulated);

        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.False(verdict.Appraised);
        Assert.StartsWith("not looked at", verdict.Claims[Appraiser.NodeLinesClaim], StringComparison.Ordinal);
        Assert.Equal(CheckResult.Passed, verdict.Find("policy.gpu.models")!.Value.Result);
        Assert.Null(verdict.Find("policy.gpu.confidentialMode"));
        Assert.Contains("gpu.confidentialMode", verdict.UnevaluatedLines);
        Assert.Contains("gpu.devTools", verdict.UnevaluatedLines);
    }

    [Fact]
    public void A_gpu_report_that_a_line_refuses_is_rejected()
    {
        Verdict verdict = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32], ChipSku = "999" }, Simulated);

        Assert.Equal("policy.gpu.models", verdict.Reason);
    }

    [Fact]
    public void Without_answers_about_revocation_a_policy_rejects_a_GPU_unless_it_waives_them()
    {
        Verdict verdict = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32] }, Simulated, answers: false);
        Assert.Equal(CheckNames.CollateralMissing, verdict.Reason);
        Assert.Equal("gpu.revocation", verdict.Find(CheckNames.CollateralMissing)!.Value.PolicyLine);
        Assert.Equal(CheckResult.Failed, verdict.Find(CheckNames.GpuRevocation)!.Value.Result);

        Verdict waived = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32] }, PolicyEdit.WithLineWaived(Simulated, "gpu.revocation"), answers: false);
        Assert.True(waived.IsAccepted, waived.Reason);
        Assert.Equal(CheckResult.Waived, waived.Find(CheckNames.GpuRevocation)!.Value.Result);

        Verdict bare = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32] }, null, answers: false);
        Assert.True(bare is { IsAccepted: true, Appraised: false }, bare.Reason);
        Assert.StartsWith("not checked", bare.Claims["gpu.revocation"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_node_is_appraised_and_makes_no_such_claim()
    {
        Verdict verdict = authorities.Appraise(authorities.Mint(), Simulated);

        Assert.True(verdict.Appraised);
        Assert.False(verdict.Claims.ContainsKey(Appraiser.NodeLinesClaim));
    }

    [Fact]
    public void A_device_certificate_bounds_trust_in_its_reports()
    {
        // Nothing else does here: the references, which end earlier, are not relied on.
        Verdict verdict = AppraiseGpu(new GpuReportSpec { Nonce = new byte[32] }, PolicyEdit.WithLineWaived(PolicyEdit.WithLineWaived(Simulated, "gpu.measurements"), "gpu.revocation"), answers: false);

        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal(new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero), verdict.TrustedUntil);
    }

    private Verdict AppraiseQuote(TdxQuoteSpec quote, Policy? policy = null) => Appraiser.AppraiseQuote(
        authorities.Trusted.Tdx.Mint(quote), authorities.Trusted.Collateral.Current, policy ?? Simulated, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);

    private Verdict AppraiseGpu(GpuReportSpec report, Policy? policy, bool answers = true)
    {
        MintedGpuEvidence minted = authorities.Trusted.Gpu.Mint(report);
        return Appraiser.AppraiseGpus(
            [new GpuEvidence(minted.Report, minted.CertificateChain)], [authorities.Trusted.Rim.Driver, authorities.Trusted.Rim.Vbios],
            answers ? authorities.Answers(minted.CertificateChain) : [], report.Nonce, policy, authorities.Anchors, SimulatedAuthorities.Now, TimeSource.Verifier);
    }
}
