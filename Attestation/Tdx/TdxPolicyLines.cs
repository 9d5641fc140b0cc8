using Verathos.Attestation.Collateral;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tdx;

/// <summary>The lines of a policy's <c>tdx</c> section, in the order of the section. <c>tdx.debug</c> is judged with the quote.</summary>
internal static class TdxPolicyLines
{
    public static void Appraise(
        CheckList checks, TdxPolicy policy, DcapQuote quote, PckExtensions? pck, QuoteCollateral? collateral, DateTimeOffset at)
    {
        TdReport body = quote.Td!.Value;
        checks.AddListed(policy.QeVendors, quote.QeVendorId, "the quoting enclave's vendor");
        checks.AddLine(policy.TcbStatuses, $"{checks.TcbStatus} is accepted", accepted =>
            checks.TcbStatus is { } status && accepted.Contains(status) ? null : $"TCB status {checks.TcbStatus?.ToString() ?? "unknown"} is not accepted");
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
        checks.AddLine(policy.MinTeeTcbSvn, "high enough", minimum => AtLeast(body.TeeTcbSvn.Span, minimum.Span)
            ? null
            : $"TEE_TCB_SVN {Convert.ToHexStringLower(body.TeeTcbSvn.Span)} is below {Convert.ToHexStringLower(minimum.Span)}");
        checks.AddListed(policy.MrSeam, body.MrSeam, "MRSEAM");
        checks.AddListed(policy.MrSignerSeam, body.MrSignerSeam, "MRSIGNERSEAM");
        checks.AddListed(policy.SeamAttributes, body.SeamAttributes, "SEAMATTRIBUTES");
        checks.AddMasked(policy.TdAttributes, body.TdAttributes, "TDATTRIBUTES");
        checks.AddMasked(policy.Xfam, body.Xfam, "XFAM");
        checks.AddListed(policy.MrTd, body.MrTd, "MRTD");
        checks.AddListed(policy.MrConfigId, body.MrConfigId, "MRCONFIGID");
        checks.AddListed(policy.MrOwner, body.MrOwner, "MROWNER");
        checks.AddListed(policy.MrOwnerConfig, body.MrOwnerConfig, "MROWNERCONFIG");
        for (int i = 0; i < policy.Rtmrs.Count; i++)
        {
            checks.AddListed(policy.Rtmrs[i], body.Rtmr(i), $"RTMR{i}");
        }
    }

    private static DateTimeOffset OldestIssue(QuoteCollateral collateral)
    {
        // The root's CRL is left out: Intel issues it once a year.
        DateTimeOffset oldest = collateral.TcbInfo.IssueDate;
        oldest = collateral.QeIdentity.IssueDate < oldest ? collateral.QeIdentity.IssueDate : oldest;
        return collateral.PckCrl.ThisUpdate < oldest ? collateral.PckCrl.ThisUpdate : oldest;
    }

    private static bool AtLeast(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> minimum)
    {
        for (int i = 0; i < actual.Length; i++)
        {
            if (actual[i] < minimum[i])
            {
                return false;
            }
        }

        return true;
    }
}
