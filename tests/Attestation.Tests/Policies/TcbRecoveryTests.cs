using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Sgx;
using Verathos.Simulator.Tdx;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>The section <c>sgx</c>, and TCB recovery as a state machine: each line by a quote that only it rejects.</summary>
public sealed class TcbRecoveryTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private static readonly DateTimeOffset Since = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TcbRecoveryRule Rule = new(
        TimeSpan.FromDays(90), new Dictionary<string, DateTimeOffset> { ["INTEL-SA-00001"] = Since.AddDays(30) },
        new Dictionary<DateTimeOffset, DateTimeOffset> { [Since] = Since.AddDays(60) });

    public static TheoryData<string, string> Lines => new()
    {
        { "qeVendors", $"[\"{new string('1', 32)}\"]" },
        { "minTcbDate", "\"2025-05-15T00:00:00Z\"" },
        { "minTcbEvaluationNumber", "22" },
        { "maxCollateralAgeSeconds", "3000" },
        { "fmspcs", "[\"000000000000\"]" },
        { "ppids", $"[\"{new string('1', 32)}\"]" },
        { "deniedPpids", "PPID" },
        { "mrEnclave", $"[\"{new string('1', 64)}\"]" },
        { "mrSigner", $"[\"{new string('1', 64)}\"]" },
        { "isvProdId", "2" },
        { "minIsvSvn", "2" },
        { "attributes", """{"mask":"00000000000000000001000000000000","value":"00000000000000000001000000000000"}""" },
        { "miscSelect", """{"mask":"01000000","value":"01000000"}""" },
        { "configIds", $"[\"{new string('1', 128)}\"]" },
        { "reportData", $"[\"{new string('1', 128)}\"]" },
    };

    [Theory]
    [InlineData(TcbStatus.UpToDate, 500, TcbRecoveryState.UpToDate)]
    [InlineData(TcbStatus.SWHardeningNeeded, 500, TcbRecoveryState.UpToDate)]
    [InlineData(TcbStatus.OutOfDate, 90, TcbRecoveryState.Grace)]
    [InlineData(TcbStatus.OutOfDate, 91, TcbRecoveryState.Quarantine)]
    [InlineData(TcbStatus.TDRelaunchAdvised, 1, TcbRecoveryState.Grace)]
    [InlineData(TcbStatus.Revoked, 0, TcbRecoveryState.Revoked)]
    [InlineData(TcbStatus.NoMatch, 0, TcbRecoveryState.Revoked)]
    public void A_platform_goes_from_grace_to_quarantine(TcbStatus status, int day, TcbRecoveryState expected) =>
        Assert.Equal(expected, TcbRecovery.At(status, Since, Since, [], Rule, Since.AddDays(day)).State);

    [Theory]
    [InlineData(30, TcbRecoveryState.Grace)]
    [InlineData(31, TcbRecoveryState.Quarantine)]
    public void An_advisory_may_end_grace_earlier(int day, TcbRecoveryState expected) =>
        Assert.Equal(expected, TcbRecovery.At(TcbStatus.OutOfDate, Since, Since, ["INTEL-SA-00001"], Rule, Since.AddDays(day)).State);

    [Theory]
    [InlineData(-1, 60, TcbRecoveryState.Grace)]
    [InlineData(-1, 61, TcbRecoveryState.Quarantine)]
    [InlineData(0, 61, TcbRecoveryState.Grace)]
    public void A_TCB_date_may_end_grace_earlier_for_what_is_older(int tcbDay, int day, TcbRecoveryState expected) => Assert.Equal(
        expected, TcbRecovery.At(TcbStatus.OutOfDate, Since, Since.AddDays(tcbDay), [], Rule, Since.AddDays(day)).State);

    [Fact]
    public void Without_a_date_to_count_from_there_is_no_grace() =>
        Assert.Equal(TcbRecoveryState.Quarantine, TcbRecovery.At(TcbStatus.OutOfDate, null, Since, [], Rule, Since).State);

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
        section[line] = JsonNode.Parse(value == "PPID" ? $"[\"{Convert.ToHexString(authorities.Trusted.Tdx.Ppid(new PckSpec()))}\"]" : value);
        Verdict verdict = Appraise(section);
        Assert.Equal([$"policy.sgx.{line}"], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));

        section[line] = new JsonObject { ["waived"] = "for this test" };
        Assert.True(Appraise(section).IsAccepted);
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(30, false)]
    public void An_out_of_date_platform_is_admitted_in_grace_alone(int days, bool admitted)
    {
        // The TCB that it lacks is 40 days old.
        JsonObject section = Section();
        section["tcbStatuses"] = new JsonArray("UpToDate", "OutOfDate");
        section["tcbRecovery"] = new JsonObject { ["graceDays"] = days, ["deadlines"] = new JsonObject() };
        section["minTcbDate"] = new JsonObject { ["waived"] = "for this test" };
        section["maxCollateralAgeSeconds"] = new JsonObject { ["waived"] = "for this test" };
        Verdict verdict = Appraise(section, Behind);
        Assert.Equal(TcbStatus.OutOfDate, verdict.TcbStatus);
        Assert.Equal(admitted, verdict.IsAccepted);
        if (admitted)
        {
            Assert.StartsWith($"Grace, deadline {Newest.AddDays(days):yyyy-MM-dd}", verdict.Claims["tcb.recovery"], StringComparison.Ordinal);
            Assert.Equal(Newest.AddDays(days), verdict.TrustedUntil);
        }
        else
        {
            Assert.Equal(["policy.sgx.tcbRecovery"], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
            Assert.Contains("quarantine", verdict.Find("policy.sgx.tcbRecovery")!.Value.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Grace_of_a_quoting_enclave_counts_from_its_own_levels()
    {
        JsonObject section = Section();
        section["minTcbDate"] = new JsonObject { ["waived"] = "for this test" };
        section["tcbStatuses"] = new JsonArray("UpToDate", "OutOfDate");
        section["tcbRecovery"] = new JsonObject { ["graceDays"] = 50, ["deadlines"] = new JsonObject() };
        CollateralSpec collateral = CollateralSpec.Sgx with
        {
            QeLevels = [new IsvLevelSpec(7, "UpToDate") { Date = Newest }, new IsvLevelSpec(4, "OutOfDate") { Date = Newest.AddYears(-1) }],
        };
        Verdict verdict = Appraise(section, collateral);
        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal(TcbStatus.OutOfDate, verdict.TcbStatus);
        Assert.StartsWith("365 days behind", verdict.Claims["sgx.tcbBehind.quotingEnclave"], StringComparison.Ordinal);
        Assert.StartsWith("0 TCB dates", verdict.Claims["sgx.tcbBehind"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INTEL-SA-01192", "2020-01-01T00:00:00Z", false)]
    [InlineData("INTEL-SA-99999", "2020-01-01T00:00:00Z", true)]
    [InlineData("2025-08-13", "2020-01-01T00:00:00Z", false)]
    [InlineData("2021-01-01", "2020-01-01T00:00:00Z", true)]
    public void A_deadline_of_an_advisory_or_a_TCB_date_ends_grace(string name, string end, bool admitted)
    {
        JsonObject section = Section();
        section["tcbStatuses"] = new JsonArray("UpToDate", "OutOfDate");
        section["tcbRecovery"] = new JsonObject { ["graceDays"] = 50, ["deadlines"] = new JsonObject { [name] = end } };
        section["minTcbDate"] = new JsonObject { ["waived"] = "for this test" };
        Assert.Equal(admitted, Appraise(section, Behind).IsAccepted);
    }

    [Theory]
    [InlineData("sa-00001")]
    [InlineData("2025-8-13")]
    [InlineData("INTEL-SA-")]
    [InlineData("")]
    public void A_deadline_under_a_name_that_nothing_has_is_refused(string name)
    {
        JsonObject section = Section();
        section["tcbRecovery"] = new JsonObject { ["graceDays"] = 50, ["deadlines"] = new JsonObject { [name] = "2026-01-01T00:00:00Z" } };
        Assert.False(Policy.TryParse(Document(section), out _, out IReadOnlyList<string> errors));
        Assert.Contains(errors, error => error.StartsWith("sgx.tcbRecovery:", StringComparison.Ordinal));
    }

    [Fact]
    public void An_out_of_date_TCB_does_not_hide_a_bad_measurement()
    {
        JsonObject section = Section();
        section["mrEnclave"] = new JsonArray(new string('1', 64));
        section["minTcbDate"] = new JsonObject { ["waived"] = "for this test" };
        Verdict verdict = Appraise(section, Behind);
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

    private static DateTimeOffset Newest { get; } = new(SimulatedAuthorities.Now.AddDays(-40).UtcDateTime.Date, TimeSpan.Zero);

    // The newest level is above the platform, and the one that it meets is out of date.
    private static CollateralSpec Behind => CollateralSpec.Sgx with
    {
        TcbLevels =
        [
            CollateralSpec.Sgx.TcbLevels[0] with { PceSvn = 12, Date = Newest },
            CollateralSpec.Sgx.TcbLevels[0] with { Status = "OutOfDate", Advisories = ["INTEL-SA-01192"], Date = new DateTimeOffset(2025, 5, 14, 0, 0, 0, TimeSpan.Zero) },
        ],
    };

    private JsonObject Section() => new()
    {
        ["debug"] = "off",
        ["qeVendors"] = new JsonArray("939a7233f79c4ca9940a0db3957f0607"),
        ["tcbStatuses"] = new JsonArray("UpToDate"),
        ["tcbRecovery"] = new JsonObject { ["waived"] = "no grace" },
        ["minTcbDate"] = "2025-05-14T00:00:00Z",
        ["minTcbEvaluationNumber"] = 21,
        ["maxCollateralAgeSeconds"] = 86400,
        ["fmspcs"] = new JsonArray("00806f050000"),
        ["ppids"] = new JsonArray(Convert.ToHexString(authorities.Trusted.Tdx.Ppid(new PckSpec()))),
        ["deniedPpids"] = new JsonArray(new string('1', 32)),
        ["mrEnclave"] = new JsonArray(Convert.ToHexString(ReferenceMeasurement.MrEnclave)),
        ["mrSigner"] = new JsonArray(Convert.ToHexString(ReferenceMeasurement.MrSigner)),
        ["isvProdId"] = 1,
        ["minIsvSvn"] = 1,
        ["attributes"] = new JsonObject { ["mask"] = new string('f', 32), ["value"] = "0500000000000000e700000000000000" },
        ["miscSelect"] = new JsonObject { ["mask"] = new string('f', 8), ["value"] = new string('0', 8) },
        ["configIds"] = new JsonArray(new string('0', 128)),
        ["reportData"] = new JsonArray(new string('0', 128)),
    };

    private static byte[] Document(JsonObject section) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["version"] = 1,
        ["name"] = "sgx-test",
        ["trustAnchors"] = new JsonArray("simulated"),
        ["node"] = JsonNode.Parse(Policy.BuiltIn("tdx-h100").Raw.Span)!["node"]!.DeepClone(),
        ["sgx"] = section.DeepClone(),
    }.ToJsonString());

    private Verdict Appraise(JsonObject section, CollateralSpec? collateral = null)
    {
        Assert.True(Policy.TryParse(Document(section), out Policy? policy, out IReadOnlyList<string> errors), string.Join("; ", errors));
        return Appraiser.AppraiseQuote(
            authorities.Trusted.Sgx.Mint(new SgxQuoteSpec()), authorities.Trusted.Collateral.Mint(collateral ?? CollateralSpec.Sgx), policy, authorities.Anchors,
            SimulatedAuthorities.Now, TimeSource.Verifier);
    }
}
