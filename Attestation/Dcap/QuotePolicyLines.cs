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
        AddStatus(checks, policy, collateral, evaluation, at);
        checks.AddLine(policy.MinTcbDate, "recent enough", minimum =>
            evaluation?.MinimumTcbDate is not { } date ? "no TCB level matches, so there is no date"
            : date >= minimum ? null
            : $"the TCB is of {date:yyyy-MM-dd}, before {minimum:yyyy-MM-dd}");
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

    // Grace makes an exception to the list of statuses, and its end bounds trust; what is revoked has none.
    private static void AddStatus(CheckList checks, QuotePolicy policy, QuoteCollateral? collateral, TcbEvaluation? evaluation, DateTimeOffset at)
    {
        bool listed = checks.TcbStatus is { } status && (policy.TcbStatuses.IsWaived || policy.TcbStatuses.Value.Contains(status));
        TcbRecovery recovery = default;
        if (!policy.TcbRecovery.IsWaived && evaluation is not null && collateral is not null)
        {
            DateTimeOffset? behindSince = evaluation.TcbDate is { } date
                ? collateral.TcbInfo.TcbLevels.Select(level => level.TcbDate).Where(item => item > date).Select(item => (DateTimeOffset?)item).Min()
                : null;
            recovery = TcbRecovery.At(evaluation.Status, behindSince, evaluation.Advisories, policy.TcbRecovery.Value, at);
            checks.Claim("tcb.recovery", recovery.Deadline is { } end ? $"{recovery.State}, deadline {end:yyyy-MM-dd HH:mm:ss}Z" : recovery.State.ToString());
        }

        bool grace = recovery.State == TcbRecoveryState.Grace;
        checks.AddLine(policy.TcbStatuses, listed ? $"{checks.TcbStatus} is accepted" : $"{checks.TcbStatus} is accepted until the end of grace", _ =>
            listed || grace ? null : $"TCB status {checks.TcbStatus?.ToString() ?? "unknown"} is not accepted");
        checks.AddLine(policy.TcbRecovery, listed ? "no grace is needed" : $"in grace until {recovery.Deadline:yyyy-MM-dd HH:mm:ss}Z", _ =>
            listed || grace ? null
            : recovery is { State: TcbRecoveryState.Quarantine, Deadline: { } past } ? $"grace ended on {past:yyyy-MM-dd HH:mm:ss}Z: the platform is in quarantine until it has caught up"
            : $"there is no grace: {recovery.State}");
        if (grace && !listed)
        {
            checks.EndTrustAt(recovery.Deadline!.Value);
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
