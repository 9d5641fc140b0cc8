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
        CheckList checks, TdxPolicy policy, DcapQuote quote, PckExtensions? pck, QuoteCollateral? collateral, TcbEvaluation? evaluation,
        DateTimeOffset at)
    {
        TdReport body = quote.Td!.Value;
        QuotePolicyLines.Appraise(checks, policy.Quote, quote, pck, collateral, evaluation, at);
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

        checks.AddListed(policy.MrServiceTd, quote.MrServiceTd, "MRSERVICETD");
        checks.AddListed(policy.ReportData, quote.ReportData, "REPORTDATA");
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
