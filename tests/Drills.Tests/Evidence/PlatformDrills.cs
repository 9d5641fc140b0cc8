using Verathos.Attestation;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Genuine platforms that should no longer be trusted, and collateral that hides it.</summary>
public sealed class PlatformDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly TdxQuoteSpec Quote = new() { ReportData = new byte[64] };
    private readonly byte[] nonce = DrillNode.FreshNonce();

    [Fact]
    public void Tcb_downgrade_the_certificate_counts_and_not_what_the_quote_says()
    {
        // The quoting enclave's report still claims the newest CPUSVN.
        Verdict verdict = Appraise(Quote with { Pck = new() { TcbComponents = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0] } });
        DrillNode.Refused(verdict, "policy.tdx.tcbStatuses");
        Assert.Equal(TcbStatus.OutOfDate, verdict.TcbStatus);
        Assert.Contains("INTEL-SA-01312", verdict.Advisories);
    }

    [Fact]
    public void Tcb_downgrade_an_older_module_is_refused()
    {
        Verdict verdict = Appraise(Quote with { TeeTcbSvn = [11, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] });
        DrillNode.Refused(verdict, "policy.tdx.tcbStatuses", "policy.tdx.minTeeTcbSvn");
        Assert.Equal(TcbStatus.OutOfDate, verdict.TcbStatus);
    }

    [Fact]
    public void Tcb_downgrade_an_older_quoting_enclave_is_refused() =>
        DrillNode.Refused(Appraise(Quote with { Qe = new() { IsvSvn = 3 } }), "policy.tdx.tcbStatuses");

    [Fact]
    public void A_platform_at_a_revoked_level_is_refused()
    {
        Verdict verdict = Appraise(Quote with { Pck = new() { TcbComponents = new byte[16], PceSvn = 0 } });
        DrillNode.Refused(verdict, CheckNames.TcbStatus, "policy.tdx.tcbStatuses");
        Assert.Equal(TcbStatus.Revoked, verdict.TcbStatus);
    }

    [Fact]
    public void A_debug_guest_is_refused() => DrillNode.Refused(
        Appraise(Quote with { TdAttributes = [1, 0, 0, 0x10, 0, 0, 0, 0] }), CheckNames.QuoteDebug);

    [Fact]
    public void A_migratable_guest_is_refused() => DrillNode.Refused(
        Appraise(Quote with { TdAttributes = [0, 0, 0, 0x30, 0, 0, 0, 0] }), "policy.tdx.tdAttributes");

    [Theory]
    [InlineData("mrTd")]
    [InlineData("rtmr0")]
    [InlineData("rtmr1")]
    [InlineData("rtmr2")]
    [InlineData("mrSeam")]
    [InlineData("mrConfigId")]
    [InlineData("mrOwner")]
    [InlineData("mrOwnerConfig")]
    public void A_guest_that_measures_something_else_is_refused(string field)
    {
        byte[] other = [.. Enumerable.Repeat((byte)0xEE, 48)];
        DrillNode.Refused(
            Appraise(field switch
            {
                "mrTd" => Quote with { MrTd = other },
                "rtmr0" => Quote with { Rtmr0 = other },
                "rtmr1" => Quote with { Rtmr1 = other },
                "rtmr2" => Quote with { Rtmr2 = other },
                "mrSeam" => Quote with { MrSeam = other },
                "mrConfigId" => Quote with { MrConfigId = other },
                "mrOwner" => Quote with { MrOwner = other },
                _ => Quote with { MrOwnerConfig = other },
            }),
            "policy.tdx." + field);
    }

    [Fact]
    public void A_revoked_platform_certificate_is_refused() => DrillNode.Refused(
        Appraise(collateral: new() { RevokedPcks = [node.Installation.Tdx.PckSerialNumber(new())] }), CheckNames.CollateralRevocation);

    [Fact]
    public void A_revocation_list_that_its_authority_did_not_sign_is_refused() => DrillNode.Refused(
        Appraise(collateral: new() { PckCrlSignature = SignatureFault.ForeignKey }), CheckNames.CollateralCrl);

    [Fact]
    public void Stale_collateral_is_refused()
    {
        DateTimeOffset now = node.Time.GetUtcNow();
        DrillNode.Refused(
            Appraise(collateral: new() { IssueDate = now.AddDays(-40), NextUpdate = now.AddDays(-10) }),
            CheckNames.CollateralTcbInfo, CheckNames.CollateralQeIdentity, "policy.tdx.maxCollateralAgeSeconds");
    }

    [Fact]
    public void A_stale_revocation_list_is_refused()
    {
        DateTimeOffset now = node.Time.GetUtcNow();
        DrillNode.Refused(
            Appraise(collateral: new() { CrlThisUpdate = now.AddDays(-40), CrlNextUpdate = now.AddDays(-10) }),
            CheckNames.CollateralCrl, "policy.tdx.maxCollateralAgeSeconds");
    }

    [Fact]
    public void Collateral_within_its_dates_but_older_than_the_policy_allows_is_refused()
    {
        TimeSpan age = DrillPolicy.Production.Tdx!.Quote.MaxCollateralAge.Value + TimeSpan.FromHours(1);
        DateTimeOffset issued = node.Time.GetUtcNow() - age;
        DrillNode.Refused(
            Appraise(collateral: new() { IssueDate = issued, NextUpdate = node.Time.GetUtcNow().AddDays(1) }), "policy.tdx.maxCollateralAgeSeconds");
    }

    [Fact]
    public void A_tcb_evaluation_number_that_is_too_low_is_refused()
    {
        // Intel publishes several numbers on one day: the lower one still calls the platform up to date.
        int minimum = DrillPolicy.Production.Tdx!.Quote.MinTcbEvaluationNumber.Value;
        DrillNode.Refused(
            Appraise(collateral: new() { TcbEvaluationDataNumber = minimum - 1 }), "policy.tdx.minTcbEvaluationNumber");
        DrillNode.Refused(
            Appraise(collateral: new() { TcbEvaluationDataNumber = minimum, QeEvaluationDataNumber = minimum - 1 }), "policy.tdx.minTcbEvaluationNumber");
    }

    [Fact]
    public void Collateral_of_another_platform_family_is_refused() => DrillNode.Refused(
        Appraise(collateral: new() { Fmspc = [0xB0, 0xC0, 0x6F, 0, 0, 0] }), CheckNames.CollateralFmspc);

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void Tcb_info_that_was_not_signed_is_refused(SignatureFault fault) => DrillNode.Refused(
        Appraise(collateral: new() { TcbInfoSignature = fault }), CheckNames.CollateralTcbInfo);

    [Theory]
    [InlineData(SignatureFault.BitFlipped)]
    [InlineData(SignatureFault.ForeignKey)]
    public void A_quoting_enclave_identity_that_was_not_signed_is_refused(SignatureFault fault) => DrillNode.Refused(
        Appraise(collateral: new() { QeIdentitySignature = fault }), CheckNames.CollateralQeIdentity);

    [Fact]
    public void Tcb_info_rewritten_after_signing_is_refused()
    {
        NodeEvidence honest = node.Show(nonce, new()
        {
            Quote = Quote with { Pck = new() { TcbComponents = [8, 8, 2, 2, 4, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0] } },
        });
        string collateral = System.Text.Encoding.UTF8.GetString(honest.CpuCollateral!.Value.Span);
        string better = collateral.Replace("\\\"tcbStatus\\\":\\\"OutOfDate\\\"", "\\\"tcbStatus\\\":\\\"UpToDate\\\"", StringComparison.Ordinal);
        Assert.NotEqual(collateral, better);
        Assert.Equal(
            CheckNames.CollateralTcbInfo,
            node.Appraise(honest with { CpuCollateral = System.Text.Encoding.UTF8.GetBytes(better) }).Reason);
    }

    [Fact]
    public void A_second_status_in_signed_tcb_info_is_refused() => Assert.Equal(
        CheckNames.CollateralMissing,
        Appraise(collateral: new()
        {
            EditTcbInfo = json => json.Replace(
                "\"tcbStatus\":\"OutOfDate\"", "\"tcbStatus\":\"OutOfDate\",\"tcbStatus\":\"UpToDate\"", StringComparison.Ordinal),
        }).Reason);

    [Fact]
    public void Missing_collateral_is_no_collateral_that_says_yes()
    {
        Verdict verdict = node.Appraise(node.Show(nonce) with { CpuCollateral = null });
        Assert.Equal((VerdictKind.Rejected, CheckNames.CollateralMissing), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void Collateral_of_another_authority_is_refused()
    {
        using var other = new DrillNode();
        Verdict verdict = node.Appraise(node.Show(nonce) with { CpuCollateral = other.Installation.Collateral.Current });
        Assert.Equal((VerdictKind.Rejected, CheckNames.CollateralCrlChain), (verdict.Kind, verdict.Reason));
    }

    [Fact]
    public void A_platform_that_the_operator_did_not_list_is_refused() => DrillNode.Refused(
        node.Appraise(node.Show(nonce), DrillPolicy.ProductionWith(policy =>
            policy["tdx"]!["ppids"] = new System.Text.Json.Nodes.JsonArray(new string('0', 32)))),
        "policy.tdx.ppids");

    private Verdict Appraise(TdxQuoteSpec? quote = null, CollateralSpec? collateral = null) =>
        node.Appraise(node.Show(nonce, new() { Quote = quote ?? Quote, Collateral = collateral ?? new() }));
}
