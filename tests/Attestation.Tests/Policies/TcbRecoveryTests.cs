using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Tests.Dcap;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>The section <c>sgx</c>, and TCB recovery as a state machine: each line by a quote that only it rejects.</summary>
public sealed class TcbRecoveryTests : IDisposable
{
    private static readonly DateTimeOffset Since = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TcbRecoveryRule Rule = new(
        TimeSpan.FromDays(90), new Dictionary<string, DateTimeOffset> { ["INTEL-SA-00001"] = Since.AddDays(30) });

    private readonly TestIntel _intel = new();

    public static TheoryData<string, string> Lines => new()
    {
        { "qeVendors", $"[\"{new string('1', 32)}\"]" },
        { "minTcbDate", "\"2024-03-14T00:00:00Z\"" },
        { "minTcbEvaluationNumber", "18" },
        { "maxCollateralAgeSeconds", "60" },
        { "fmspcs", "[\"000000000000\"]" },
        { "ppids", $"[\"{new string('1', 32)}\"]" },
        { "deniedPpids", "PPID" },
        { "mrEnclave", $"[\"{new string('1', 64)}\"]" },
        { "mrSigner", $"[\"{new string('1', 64)}\"]" },
        { "isvProdId", "1" },
        { "minIsvSvn", "1" },
        { "attributes", """{"mask":"00000000000000000100000000000000","value":"00000000000000000100000000000000"}""" },
        { "miscSelect", """{"mask":"01000000","value":"01000000"}""" },
        { "configIds", $"[\"{new string('1', 128)}\"]" },
        { "reportData", $"[\"{new string('1', 128)}\"]" },
    };

    public void Dispose() => _intel.Dispose();

    [Theory]
    [InlineData(TcbStatus.UpToDate, 500, TcbRecoveryState.UpToDate)]
    [InlineData(TcbStatus.SWHardeningNeeded, 500, TcbRecoveryState.UpToDate)]
    [InlineData(TcbStatus.OutOfDate, 90, TcbRecoveryState.Grace)]
    [InlineData(TcbStatus.OutOfDate, 91, TcbRecoveryState.Quarantine)]
    [InlineData(TcbStatus.TDRelaunchAdvised, 1, TcbRecoveryState.Grace)]
    [InlineData(TcbStatus.Revoked, 0, TcbRecoveryState.Revoked)]
    [InlineData(TcbStatus.NoMatch, 0, TcbRecoveryState.Revoked)]
    public void A_platform_goes_from_grace_to_quarantine(TcbStatus status, int day, TcbRecoveryState expected) =>
        Assert.Equal(expected, TcbRecovery.At(status, Since, [], Rule, Since.AddDays(day)).State);

    [Theory]
    [InlineData(30, TcbRecoveryState.Grace)]
    [InlineData(31, TcbRecoveryState.Quarantine)]
    public void An_advisory_may_end_grace_earlier(int day, TcbRecoveryState expected) =>
        Assert.Equal(expected, TcbRecovery.At(TcbStatus.OutOfDate, Since, ["INTEL-SA-00001"], Rule, Since.AddDays(day)).State);

    [Fact]
    public void Without_a_date_to_count_from_there_is_no_grace() =>
        Assert.Equal(TcbRecoveryState.Quarantine, TcbRecovery.At(TcbStatus.OutOfDate, null, [], Rule, Since).State);

    [Fact]
    public void A_quote_as_required_is_accepted()
    {
        Verdict verdict = Appraise(Section());
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_rejects_alone_and_no_more_once_waived(string line, string value)
    {
        JsonObject section = Section();
        section[line] = JsonNode.Parse(value == "PPID" ? $"[\"{Convert.ToHexString(_intel.Ppid)}\"]" : value);
        Verdict verdict = Appraise(section);
        Assert.Equal([$"policy.sgx.{line}"], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));

        section[line] = new JsonObject { ["waived"] = "for this test" };
        Assert.True(Appraise(section).IsAccepted);
    }

    [Theory]
    [InlineData(365, true)]
    [InlineData(100, false)]
    public void An_out_of_date_platform_is_admitted_in_grace_alone(int days, bool admitted)
    {
        // The newer TCB is of 2024-03-13; the quote is judged on 2025-01-31.
        JsonObject section = Section();
        section["tcbRecovery"] = new JsonObject { ["graceDays"] = days, ["deadlines"] = new JsonObject() };
        section["minTcbDate"] = new JsonObject { ["waived"] = "for this test" };
        JsonObject info = TestIntel.TcbInfo(false);
        info["tcbLevels"]![0]!["tcb"]!["sgxtcbcomponents"]![0]!["svn"] = 5;
        Verdict verdict = Appraise(section, info);
        Assert.Equal(TcbStatus.OutOfDate, verdict.TcbStatus);
        Assert.Equal(admitted, verdict.IsAccepted);
        if (admitted)
        {
            Assert.StartsWith("Grace, deadline 2025-03-13", verdict.Claims["tcb.recovery"], StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("quarantine", verdict.Find("policy.sgx.tcbRecovery")!.Value.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_out_of_date_TCB_does_not_hide_a_bad_measurement()
    {
        JsonObject section = Section();
        section["mrEnclave"] = new JsonArray(new string('1', 64));
        JsonObject info = TestIntel.TcbInfo(false);
        info["tcbLevels"]![0]!["tcb"]!["sgxtcbcomponents"]![0]!["svn"] = 5;
        Verdict verdict = Appraise(section, info);
        Assert.Equal("policy.sgx.tcbStatuses", verdict.Reason);
        Assert.Equal(CheckResult.Failed, verdict.Find("policy.sgx.mrEnclave")!.Value.Result);
    }

    [Fact]
    public void Every_field_of_the_section_is_required()
    {
        foreach (string field in Section().Select(member => member.Key))
        {
            JsonObject section = Section();
            section.Remove(field);
            Assert.False(Policy.TryParse(Document(section), out _, out IReadOnlyList<string> errors));
            Assert.Contains(errors, error => error.StartsWith($"sgx.{field}:", StringComparison.Ordinal));
        }
    }

    private JsonObject Section() => new()
    {
        ["debug"] = "off",
        ["qeVendors"] = new JsonArray(Convert.ToHexString(_intel.QeVendor)),
        ["tcbStatuses"] = new JsonArray("UpToDate"),
        ["tcbRecovery"] = new JsonObject { ["waived"] = "no grace" },
        ["minTcbDate"] = "2024-03-13T00:00:00Z",
        ["minTcbEvaluationNumber"] = 17,
        ["maxCollateralAgeSeconds"] = 60 * 86400,
        ["fmspcs"] = new JsonArray("00906ed50000"),
        ["ppids"] = new JsonArray(Convert.ToHexString(_intel.Ppid)),
        ["deniedPpids"] = new JsonArray(new string('1', 32)),
        ["mrEnclave"] = new JsonArray(new string('0', 64)),
        ["mrSigner"] = new JsonArray(new string('0', 64)),
        ["isvProdId"] = 0,
        ["minIsvSvn"] = 0,
        ["attributes"] = new JsonObject { ["mask"] = new string('f', 32), ["value"] = new string('0', 32) },
        ["miscSelect"] = new JsonObject { ["mask"] = new string('f', 8), ["value"] = new string('0', 8) },
        ["configIds"] = new JsonArray(new string('0', 128)),
        ["reportData"] = new JsonArray(new string('0', 128)),
    };

    private static byte[] Document(JsonObject section) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["version"] = 1,
        ["name"] = "sgx-test",
        ["trustAnchors"] = new JsonArray("intel"),
        ["node"] = JsonNode.Parse(Policy.BuiltIn("tdx-h100").Raw.Span)!["node"]!.DeepClone(),
        ["sgx"] = section.DeepClone(),
    }.ToJsonString());

    private Verdict Appraise(JsonObject section, JsonObject? tcbInfo = null)
    {
        Assert.True(Policy.TryParse(Document(section), out Policy? policy, out IReadOnlyList<string> errors), string.Join("; ", errors));
        byte[] quote = _intel.Quote(3, TestIntel.Body(DcapBodyType.Sgx), DcapBodyType.Sgx);
        return Appraiser.AppraiseQuote(
            quote, Encoding.UTF8.GetBytes(_intel.Collateral(false, tcbInfo).ToJsonString()), policy, _intel.Anchors, TestIntel.At, TimeSource.Verifier);
    }
}
