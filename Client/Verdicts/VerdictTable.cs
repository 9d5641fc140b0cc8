using System.Globalization;
using Verathos.Attestation.Verdicts;
using Verathos.Client.Receipts;

namespace Verathos.Client.Verdicts;

/// <summary>Verdicts as rows and lines of plain text, the same in every command.</summary>
public static class VerdictTable
{
    /// <summary>The headers of <see cref="Rows(IEnumerable{Check})"/>.</summary>
    public static IReadOnlyList<string> Headers { get; } = ["check", "result", "detail"];

    /// <summary>One row a check.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(IEnumerable<Check> checks)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.Select(check => (IReadOnlyList<string>)
        [
            check.Name,
            check.Result switch
            {
                CheckResult.Passed => "passed",
                CheckResult.Waived => "waived",
                _ => "FAILED",
            },
            check.PolicyLine is null ? check.Detail : $"{check.Detail} (policy line {check.PolicyLine})",
        ]);
    }

    /// <summary>The verdict in one line, such as <c>ACCEPTED, SIMULATED: 41 checks passed, 3 waived; TCB UpToDate</c>.</summary>
    public static string Summary(in Verdict verdict)
    {
        string kind = verdict switch
        {
            { Kind: VerdictKind.Accepted, Appraised: false } => "VERIFIED, NOT APPRAISED",
            { Kind: VerdictKind.Accepted } => "ACCEPTED",
            { Kind: VerdictKind.Malformed } => "MALFORMED",
            { Kind: VerdictKind.Unsupported } => "UNSUPPORTED",
            _ => "REJECTED",
        };
        string simulated = verdict.Simulated ? ", SIMULATED" : "";
        string tcb = verdict.TcbStatus is { } status ? $"; TCB {status}" : "";
        string failed = verdict.IsAccepted ? "" : $"; {verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail ?? "no check was made"}";
        return string.Create(CultureInfo.InvariantCulture, $"{kind}{simulated}: {Counts(verdict.Checks)}{tcb}{failed}");
    }

    /// <summary>The receipt's checks in one line.</summary>
    public static string Summary(in ReceiptVerdict verdict) =>
        verdict.Valid
            ? $"RECEIPT HOLDS: {Counts(verdict.Checks)}"
            : $"RECEIPT REFUSED: {Counts(verdict.Checks)}; {verdict.Reason}: {verdict.FirstFailure?.Detail ?? "no check was made"}";

    /// <summary>Where and when the verdict's time came from, in one line.</summary>
    public static string Time(in Verdict verdict)
    {
        string at = verdict.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return verdict.TimeSource switch
        {
            TimeSource.Verifier => $"judged at {at} by this machine's clock",
            TimeSource.Anchored => $"judged at {at}, anchored by a third party's signature",
            _ => $"judged at {at}, which is asserted and not proved",
        };
    }

    private static string Counts(IReadOnlyList<Check> checks)
    {
        int passed = checks.Count(check => check.Result == CheckResult.Passed);
        int waived = checks.Count(check => check.Result == CheckResult.Waived);
        int failed = checks.Count - passed - waived;
        string text = $"{passed} checks passed";
        if (waived > 0)
            text += $", {waived} waived";
        if (failed > 0)
            text += $", {failed} failed";
        return text;
    }
}
