using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Tdx;

/// <summary>Recorded TDX quotes of version 4, by the statements of INDEX.tsv and VERDICTS.tsv.</summary>
public sealed class TdxVectorTests
{
    [Fact]
    public void Every_indexed_quote_has_the_stated_signature_and_chain()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("tdx-v4").Where(row => row.Kind == "quote-v4 TDX"))
        {
            rows++;
            Verdict verdict = Appraiser.AppraiseQuote(
                VectorTable.Read(row.Path), null, null, TrustAnchors.Production, new DateTimeOffset(2026, 9, 1, 0, 0, 0, TimeSpan.Zero), TimeSource.Asserted);
            bool chain = Passed(verdict, CheckNames.QuoteChain);
            bool signature = Passed(verdict, CheckNames.QuoteSignature) && Passed(verdict, CheckNames.QuoteQeReportData);
            bool expectedChain = row.Expected.StartsWith("SIG+CHAIN VALID", StringComparison.Ordinal);
            bool untrustedRoot = row.Expected.StartsWith("INVALID: untrusted root", StringComparison.Ordinal);
            bool testRoot = row.Expected.StartsWith("synthetic Intel test-root", StringComparison.Ordinal);
            Assert.True(expectedChain || untrustedRoot || testRoot, row.Expected);
            bool right = chain == expectedChain
                && (testRoot ? verdict.Kind != VerdictKind.Accepted : signature && Passed(verdict, CheckNames.QuoteFormat))
                && Passed(verdict, CheckNames.QuoteDebug) != row.Expected.Contains("debug", StringComparison.Ordinal);
            if (!right)
            {
                wrong.Add($"{row.Path}: {row.Expected}: {Describe(verdict)}");
            }
        }

        Assert.Equal(62, rows);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_verdict_row_gives_the_stated_status_parts_and_advisories()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.VerdictRow row in VectorTable.Verdicts("tdx-v4"))
        {
            rows++;
            Verdict verdict = Appraiser.AppraiseQuote(
                VectorTable.Read(row.Quote), VectorTable.Read(row.Collateral), null, TrustAnchors.Production, row.At, TimeSource.Asserted);
            string got = string.Join('|', verdict.TcbStatus, verdict.Claims["tdx.tcbStatus.platform"], verdict.Claims["tdx.tcbStatus.module"],
                verdict.Claims["tdx.tcbStatus.quotingEnclave"], string.Join(',', verdict.Advisories));
            string expected = string.Join('|', row.Status, row.Platform, row.Module, row.QuotingEnclave, row.Advisories);
            bool debug = verdict.Find(CheckNames.QuoteDebug)?.Result == CheckResult.Failed;
            VerdictKind kind = row.Status == "NoMatch" || debug ? VerdictKind.Rejected : VerdictKind.Accepted;
            if (got != expected || verdict.Kind != kind || verdict.Appraised)
            {
                wrong.Add($"{row.Quote} {row.Collateral}: expected {expected}, got {got}, {Describe(verdict)}");
            }
        }

        Assert.Equal(151, rows);
        Assert.Empty(wrong);
    }

    private static bool Passed(Verdict verdict, string name) => verdict.Find(name)?.Result == CheckResult.Passed;

    private static string Describe(Verdict verdict) =>
        $"{verdict.Kind} {verdict.Reason}: {string.Join("; ", verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => $"{check.Name} {check.Detail}"))}";
}
