using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Snp;

/// <summary>Each line of the section <c>snp</c> by a report that only it rejects, and that passes once the line is waived.</summary>
public sealed class SnpPolicyTests : IDisposable
{
    private readonly TestAmd _amd = new(SnpProduct.Milan);
    private readonly byte[] _report;

    public SnpPolicyTests() => _report = _amd.Report(5, change: report =>
    {
        report[4] = 3;
        report.AsSpan(0x10, 32).Fill(1);
        report.AsSpan(0xC0, 32).Fill(2);
        report.AsSpan(0xE0, 48).Fill(3);
        report.AsSpan(0x110, 48).Fill(4);
        report[0x48] |= 1;
    });

    public static TheoryData<string, string> Lines => new()
    {
        { "products", """["Genoa"]""" },
        { "signingKeys", """["VLEK"]""" },
        { "vmpls", "[1,2,3]" },
        { "guestPolicy", """{"mask":"0000100000000000","value":"0000100000000000"}""" },
        { "platformInfo", """{"mask":"0100000000000000","value":"0100000000000000"}""" },
        { "minGuestSvn", "4" },
        { "minReportedTcb", """{"bootLoader":4,"tee":1,"snp":25,"microcode":219}""" },
        { "minCommittedTcb", """{"bootLoader":5,"tee":1,"snp":24,"microcode":219}""" },
        { "minLaunchTcb", """{"bootLoader":4,"tee":1,"snp":24,"microcode":220}""" },
        { "mitigations", """{"mask":"0400000000000000","value":"0400000000000000"}""" },
        { "measurements", $"[\"{new string('0', 96)}\"]" },
        { "hostData", $"[\"{new string('0', 64)}\"]" },
        { "reportData", $"[\"{new string('0', 128)}\"]" },
        { "familyIds", $"[\"{new string('0', 32)}\"]" },
        { "imageIds", $"[\"{new string('0', 32)}\"]" },
        { "idKeys", $"[\"{new string('0', 96)}\"]" },
        { "authorKeys", $"[\"{new string('0', 96)}\"]" },
        { "chips", $"[\"{new string('0', 128)}\"]" },
        { "deniedChips", "CHIP" },
        { "maxCollateralAgeSeconds", "3599" },
    };

    public void Dispose() => _amd.Dispose();

    [Fact]
    public void A_report_as_required_is_accepted()
    {
        Verdict verdict = Appraise(Section(), _report);
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_line_rejects_alone_and_no_more_once_waived(string line, string value)
    {
        JsonObject section = Section();
        section[line] = JsonNode.Parse(value == "CHIP" ? $"[\"{Convert.ToHexString(_amd.ChipId)}\"]" : value);
        Verdict verdict = Appraise(section, _report);
        Assert.Equal([$"policy.snp.{line}"], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));

        section[line] = new JsonObject { ["waived"] = "for this test" };
        Assert.True(Appraise(section, _report).IsAccepted);
    }

    [Theory]
    [InlineData("debug", 10, 0x08)]
    [InlineData("migration", 10, 0x04)]
    [InlineData("migration", 0x160, 0x01)]
    [InlineData("reserved", 0x4C, 0x01)]
    [InlineData("reserved", 0x208, 0x01)]
    [InlineData("reserved", 15, 0x80)]
    public void A_bit_rejects_by_its_line_alone(string line, int offset, byte bit)
    {
        byte[] report = [.. _report];
        report[offset] ^= bit;
        report = _amd.Sign(report);
        JsonObject section = Section();
        section["guestPolicy"] = new JsonObject { ["waived"] = "for this test" };
        Verdict verdict = Appraise(section, report);
        Assert.Equal(
            [line == "debug" ? CheckNames.SnpDebug : $"policy.snp.{line}"], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));

        section[line] = new JsonObject { ["waived"] = "for this test" };
        Assert.True(Appraise(section, report).IsAccepted);
    }

    [Fact]
    public void An_author_key_counts_only_where_the_report_says_that_there_is_one()
    {
        byte[] report = [.. _report];
        report[0x48] ^= 1;
        report = _amd.Sign(report);
        Assert.Equal("policy.snp.authorKeys", Appraise(Section(), report).Reason);
    }

    [Fact]
    public void A_version_without_mitigation_vectors_does_not_meet_the_line()
    {
        byte[] report = _amd.Report(4, change: bytes => _report.AsSpan(4, 0x180 - 4).CopyTo(bytes.AsSpan(4)));
        Assert.Equal("policy.snp.mitigations", Appraise(Section(), report).Reason);
    }

    [Fact]
    public void Without_a_list_the_waiver_of_revocation_is_what_admits_it()
    {
        JsonObject section = Section();
        JsonObject collateral = _amd.Collateral();
        collateral.Remove("crl_der_b64");
        Assert.Equal(CheckNames.CollateralMissing, Appraise(section, _report, collateral).Reason);

        section["revocation"] = new JsonObject { ["waived"] = "for this test" };
        Verdict verdict = Appraise(section, _report, collateral);
        Assert.True(verdict.IsAccepted, verdict.Reason);
        Assert.Equal(CheckResult.Waived, verdict.Find(CheckNames.SnpRevocation)!.Value.Result);
    }

    [Fact]
    public void Every_field_is_required()
    {
        foreach (string field in Section().Select(member => member.Key))
        {
            JsonObject section = Section();
            section.Remove(field);
            Assert.False(Policy.TryParse(Encoding.UTF8.GetBytes(Document(section).ToJsonString()), out _, out IReadOnlyList<string> errors));
            Assert.Contains(errors, error => error.StartsWith($"snp.{field}:", StringComparison.Ordinal));
        }
    }

    private JsonObject Section()
    {
        string report = Convert.ToHexString(_report);
        string At(int offset, int length) => report.Substring(2 * offset, 2 * length);
        JsonObject tcb() => new() { ["bootLoader"] = 4, ["tee"] = 1, ["snp"] = 24, ["microcode"] = 219 };
        return new JsonObject
        {
            ["debug"] = "off",
            ["migration"] = "off",
            ["reserved"] = "zero",
            ["revocation"] = "crl",
            ["maxCollateralAgeSeconds"] = 200 * 86400,
            ["products"] = new JsonArray("Milan"),
            ["signingKeys"] = new JsonArray("VCEK"),
            ["vmpls"] = new JsonArray(0),
            ["guestPolicy"] = new JsonObject { ["mask"] = "ffffffffffffffff", ["value"] = At(8, 8) },
            ["platformInfo"] = new JsonObject { ["mask"] = "ffffffffffffffff", ["value"] = At(0x40, 8) },
            ["minGuestSvn"] = 3,
            ["minReportedTcb"] = tcb(),
            ["minCommittedTcb"] = tcb(),
            ["minLaunchTcb"] = tcb(),
            ["mitigations"] = new JsonObject { ["mask"] = "0b00000000000000", ["value"] = "0b00000000000000" },
            ["measurements"] = new JsonArray(At(0x90, 48)),
            ["hostData"] = new JsonArray(At(0xC0, 32)),
            ["reportData"] = new JsonArray(At(0x50, 64)),
            ["familyIds"] = new JsonArray(At(0x10, 16)),
            ["imageIds"] = new JsonArray(At(0x20, 16)),
            ["idKeys"] = new JsonArray(At(0xE0, 48)),
            ["authorKeys"] = new JsonArray(At(0x110, 48)),
            ["chips"] = new JsonArray(At(0x1A0, 64)),
            ["deniedChips"] = new JsonArray(new string('0', 128)),
        };
    }

    private static JsonObject Document(JsonObject section) => new()
    {
        ["version"] = 1,
        ["name"] = "snp-test",
        ["trustAnchors"] = new JsonArray("amd"),
        ["node"] = JsonNode.Parse(Policy.BuiltIn("tdx-h100").Raw.Span)!["node"]!.DeepClone(),
        ["snp"] = section.DeepClone(),
    };

    private Verdict Appraise(JsonObject section, byte[] report, JsonObject? collateral = null)
    {
        Assert.True(Policy.TryParse(Encoding.UTF8.GetBytes(Document(section).ToJsonString()), out Policy? policy, out IReadOnlyList<string> errors), string.Join("; ", errors));
        return Appraiser.AppraiseSnp(
            report, Encoding.UTF8.GetBytes((collateral ?? _amd.Collateral()).ToJsonString()), null, policy, _amd.Anchors, TestAmd.At, TimeSource.Verifier);
    }
}
