using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Batch;

/// <summary>
/// Two checks that every format has, under the same names: <c>chain</c> and <c>signature</c>. Each fails where one of the
/// format's own checks of that kind fails, and stands before them.
/// </summary>
internal static class SummaryChecks
{
    private static readonly string[] Chains =
        [CheckNames.QuoteChain, CheckNames.SnpChain, CheckNames.GpuChain];

    private static readonly string[] Signatures =
    [
        CheckNames.QuoteQeReportSignature, CheckNames.QuoteQeReportData, CheckNames.QuoteSignature, CheckNames.SnpSignature, CheckNames.GpuSignature, CheckNames.TpmSignature, CheckNames.TokenSignature,
    ];

    public static IEnumerable<Check> Of(Verdict verdict)
    {
        IEnumerable<Check> summary = new[] { Sum(verdict, "chain", Chains), Sum(verdict, "signature", Signatures) }.OfType<Check>();
        return summary.Concat(verdict.Checks);
    }

    private static Check? Sum(Verdict verdict, string name, string[] parts)
    {
        Check[] found = [.. verdict.Checks.Where(check => parts.Contains(check.Name))];
        if (found.Length == 0)
        {
            return null;
        }

        int failed = Array.FindIndex(found, check => check.Result == CheckResult.Failed);
        return failed < 0
            ? new Check(name, CheckResult.Passed, string.Join(", ", found.Select(check => check.Name)))
            : new Check(name, CheckResult.Failed, $"{found[failed].Name}: {found[failed].Detail}");
    }
}
