using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Dcap;

/// <summary>Recorded quotes of versions 3, 4 and 5, by the statements of INDEX.tsv and VERDICTS.tsv.</summary>
public sealed class DcapVectorTests
{
    private static readonly DateTimeOffset In2026 = new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, int> Families => new() { { "sgx-v3", 40 }, { "tdx-v4", 62 }, { "tdx-v5", 4 } };

    public static TheoryData<string, int> JudgedFamilies => new() { { "sgx-v3", 65 }, { "tdx-v4", 151 }, { "tdx-v5", 5 } };

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_indexed_quote_has_the_stated_signature_and_chain(string family, int count)
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index(family).Where(row => row.Kind.StartsWith("quote-v", StringComparison.Ordinal)))
        {
            rows++;
            // A PCK certificate lives seven years, and some of these are from 2020.
            Verdict verdict = Appraiser.AppraiseQuote(
                VectorTable.Read(row.Path), null, null, TrustAnchors.Production, family == "sgx-v3" ? TimeOf(row) : In2026, TimeSource.Asserted);
            bool chain = Passed(verdict, CheckNames.QuoteChain);
            bool signature = Passed(verdict, CheckNames.QuoteSignature) && Passed(verdict, CheckNames.QuoteQeReportData);
            bool expectedChain = row.Expected.StartsWith("SIG+CHAIN VALID", StringComparison.Ordinal);
            bool untrustedRoot = row.Expected.StartsWith("INVALID: untrusted root", StringComparison.Ordinal);
            bool badSignature = row.Expected.StartsWith("INVALID: quote-sig", StringComparison.Ordinal);
            bool testRoot = row.Expected.StartsWith("synthetic Intel test-root", StringComparison.Ordinal);
            Assert.True(expectedChain || untrustedRoot || badSignature || testRoot, row.Expected);
            bool right = testRoot ? verdict.Kind != VerdictKind.Accepted && !chain
                : badSignature ? verdict.Kind == VerdictKind.Rejected && !signature
                : chain == expectedChain && signature && Passed(verdict, CheckNames.QuoteFormat)
                    && Passed(verdict, CheckNames.QuoteDebug) != row.Expected.Contains("debug", StringComparison.Ordinal);
            if (!right)
            {
                wrong.Add($"{row.Path}: {row.Expected}: {Describe(verdict)}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(count, rows);
    }

    [Theory]
    [MemberData(nameof(JudgedFamilies))]
    public void Every_verdict_row_gives_the_stated_status_parts_and_advisories(string family, int count)
    {
        List<string> wrong = [];
        int rows = 0;
        string prefix = family[..3];
        foreach (VectorTable.VerdictRow row in VectorTable.Verdicts(family))
        {
            rows++;
            Verdict verdict = Appraiser.AppraiseQuote(
                VectorTable.Read(row.Quote), VectorTable.Read(row.Collateral), null, TrustAnchors.Production, row.At, TimeSource.Asserted);
            string got = string.Join('|', verdict.TcbStatus, verdict.Claims[$"{prefix}.tcbStatus.platform"], verdict.Claims[$"{prefix}.tcbStatus.module"],
                verdict.Claims[$"{prefix}.tcbStatus.quotingEnclave"], string.Join(',', verdict.Advisories));
            string expected = string.Join('|', row.Status, row.Platform, row.Module, row.QuotingEnclave, row.Advisories);
            bool debug = verdict.Find(CheckNames.QuoteDebug)?.Result == CheckResult.Failed;
            VerdictKind kind = row.Status == "NoMatch" || debug ? VerdictKind.Rejected : VerdictKind.Accepted;
            if (got != expected || verdict.Kind != kind || verdict.Appraised)
            {
                wrong.Add($"{row.Quote} {row.Collateral}: expected {expected}, got {got}, {Describe(verdict)}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(count, rows);
    }

    private static DateTimeOffset TimeOf(VectorTable.IndexRow row) => row.Validity.Length < 10
        ? In2026
        : DateTimeOffset.Parse(row.Validity[..10], null, System.Globalization.DateTimeStyles.AssumeUniversal).AddDays(30);

    private static bool Passed(Verdict verdict, string name) => verdict.Find(name)?.Result == CheckResult.Passed;

    private static string Describe(Verdict verdict) =>
        $"{verdict.Kind} {verdict.Reason}: {string.Join("; ", verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => $"{check.Name} {check.Detail}"))}";
}
