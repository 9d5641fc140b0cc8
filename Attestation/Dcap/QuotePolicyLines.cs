using Verathos.Attestation.Collateral;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Dcap;

/// <summary>The lines about platform and collateral that the sections <c>tdx</c> and <c>sgx</c> have in common, in their order.</summary>
internal static class QuotePolicyLines
{
    public static void Appraise(
        CheckList checks, QuotePolicy policy, DcapQuote quote, PckExtensions? pck, QuoteCollateral? collateral, TcbEvaluation? evaluation, DateTimeOffset at)
    {
        checks.AddListed(policy.QeVendors, quote.QeVendorId, "the quoting enclave's vendor");
        AddStatus(checks, policy, evaluation, at);
        checks.AddLine(policy.MinTcbDate, "recent enough", minimum =>
            evaluation?.MinimumTcbDate is not { } date ? "no TCB level matches, so there is no date"
            : date >= minimum ? null
            : $"the TCB is of {date.Day()}, before {minimum.Day()}");
        checks.AddLine(policy.MinTcbEvaluationNumber, "recent enough", minimum =>
            collateral is null ? "there is no collateral"
            : Math.Min(collateral.TcbInfo.TcbEvaluationDataNumber, collateral.QeIdentity.TcbEvaluationDataNumber) is var number && number >= minimum ? null
            : $"TCB evaluation number {number} is below {minimum}");
        checks.AddLine(policy.MaxCollateralAge, "recent enough", maximum =>
            collateral is null ? "there is no collateral"
            : at - OldestIssue(collateral) is var age && age <= maximum ? null
            : $"collateral is {age.TotalHours:F0} hours old, more than {maximum.TotalHours:F0}");
        if (!policy.MaxCollateralAge.IsWaived && collateral is not null)
        {
            checks.EndTrustAt(OldestIssue(collateral), policy.MaxCollateralAge.Value);
        }

        checks.AddListed(policy.Fmspcs, pck?.Fmspc, "the platform family");
        checks.AddListed(policy.Ppids, pck?.Ppid, "the platform");
        checks.AddUnlisted(policy.DeniedPpids, pck?.Ppid, "the platform");
    }

    // The list says which statuses are accepted at all; the recovery rule, how long those that mean "behind" are. Its deadline ends trust.
    private static void AddStatus(CheckList checks, QuotePolicy policy, TcbEvaluation? evaluation, DateTimeOffset at)
    {
        checks.AddLine(policy.TcbStatuses, $"{checks.TcbStatus} is accepted", accepted =>
            checks.TcbStatus is { } status && accepted.Contains(status) ? null : $"TCB status {checks.TcbStatus?.ToString() ?? "unknown"} is not accepted");
        TcbRecovery recovery = default;
        if (!policy.TcbRecovery.IsWaived && evaluation is not null)
        {
            recovery = TcbRecovery.At(
                evaluation.Status, evaluation.BehindSince, evaluation.MinimumTcbDate, evaluation.Advisories, policy.TcbRecovery.Value, at);
            checks.Claim("tcb.recovery", recovery.Deadline is { } end ? $"{recovery.State}, deadline {end.Text()}" : recovery.State.ToString());
        }

        checks.AddLine(
            policy.TcbRecovery, recovery.State == TcbRecoveryState.Grace ? $"in grace until {recovery.Deadline!.Value.Text()}" : "not behind", _ => recovery switch
            {
                { State: TcbRecoveryState.UpToDate or TcbRecoveryState.Grace } => null,
                { State: TcbRecoveryState.Quarantine, Deadline: { } past } => $"grace ended on {past.Text()}: the platform is in quarantine until it has caught up",
                _ => $"there is no grace: {recovery.State}",
            });
        if (recovery is { State: TcbRecoveryState.Grace, Deadline: { } deadline })
        {
            checks.EndTrustAt(deadline);
        }
    }

    private static DateTimeOffset OldestIssue(QuoteCollateral collateral)
    {
        // The root's CRL is left out: Intel issues it once a year.
        DateTimeOffset oldest = collateral.TcbInfo.IssueDate;
        oldest = collateral.QeIdentity.IssueDate < oldest ? collateral.QeIdentity.IssueDate : oldest;
        return collateral.PckCrl.ThisUpdate < oldest ? collateral.PckCrl.ThisUpdate : oldest;
    }
}
