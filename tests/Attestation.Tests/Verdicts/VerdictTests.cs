using System.Text.Json;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Verdicts;

public sealed class VerdictTests
{
    [Fact]
    public void The_default_verdict_check_result_and_time_source_are_the_refusing_ones()
    {
        Verdict verdict = default;

        Assert.Equal(VerdictKind.Rejected, verdict.Kind);
        Assert.False(verdict.IsAccepted);
        Assert.False(verdict.Appraised);
        Assert.Equal(CheckNames.NothingChecked, verdict.Reason);
        Assert.Empty(verdict.Checks);
        Assert.Empty(verdict.Advisories);
        Assert.Empty(verdict.Claims);
        Assert.Null(verdict.TrustedUntil);
        Assert.Equal(CheckResult.Failed, default(Check).Result);
        Assert.Equal(TimeSource.Asserted, default);
        Assert.Equal(TcbStatus.NoMatch, default);
    }

    [Fact]
    public void A_list_of_no_checks_is_rejected() =>
        Assert.Equal(VerdictKind.Rejected, new CheckList().ToVerdict(null, TrustAnchors.Production, default, TimeSource.Verifier, default).Kind);

    [Fact]
    public void The_reason_is_the_first_failing_check_and_the_others_are_still_listed()
    {
        CheckList checks = new();
        checks.Pass("a", "");
        checks.Fail("b", "");
        checks.Fail("c", "");

        Verdict verdict = checks.ToVerdict(null, TrustAnchors.Production, default, TimeSource.Verifier, default);

        Assert.Equal("b", verdict.Reason);
        Assert.Equal(["a", "b", "c"], verdict.Checks.Select(check => check.Name));
    }

    [Fact]
    public void A_check_with_an_undefined_result_counts_as_failed()
    {
        CheckList checks = new();
        checks.Pass("a", "");
        Verdict accepted = checks.ToVerdict(null, TrustAnchors.Production, default, TimeSource.Verifier, default);
        checks.Add("b", "not evaluated", "");
        Verdict rejected = checks.ToVerdict(null, TrustAnchors.Production, default, TimeSource.Verifier, default);

        Assert.True(accepted.IsAccepted);
        Assert.Equal("b", rejected.Reason);
    }

    [Fact]
    public void The_json_form_holds_every_check_the_time_and_its_source()
    {
        CheckList checks = new();
        checks.Pass("a", "fine");
        checks.Waive("b", "no need", "tdx.mrTd");
        checks.Claim("x", "y");
        Verdict verdict = checks.ToVerdict(null, TrustAnchors.Production, DateTimeOffset.UnixEpoch, TimeSource.Anchored, TimeSpan.FromMilliseconds(2));
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            verdict.WriteJson(writer);
        }

        JsonElement root = JsonDocument.Parse(stream.ToArray()).RootElement;

        Assert.Equal("accepted", root.GetProperty("verdict").GetString());
        Assert.False(root.GetProperty("appraised").GetBoolean());
        Assert.Equal("1970-01-01T00:00:00Z", root.GetProperty("at").GetString());
        Assert.Equal("anchored", root.GetProperty("time_source").GetString());
        Assert.Equal(["passed", "waived"], root.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("result").GetString()));
        Assert.Equal("tdx.mrTd", root.GetProperty("checks")[1].GetProperty("policy_line").GetString());
        Assert.Equal("y", root.GetProperty("claims").GetProperty("x").GetString());
        Assert.Equal(2000, root.GetProperty("elapsed_us").GetInt64());
    }
}
