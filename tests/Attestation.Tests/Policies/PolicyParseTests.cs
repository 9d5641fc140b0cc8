using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;

namespace Verathos.Attestation.Tests.Policies;

public sealed class PolicyParseTests
{
    private static readonly string Shipped = Encoding.UTF8.GetString(Policy.BuiltIn("tdx-h100").Raw.Span);

    private static IEnumerable<string> AllFields =>
        JsonNode.Parse(Shipped)!.AsObject().Where(section => section.Value is JsonObject)
            .SelectMany(section => section.Value!.AsObject().Select(member => $"{section.Key}.{member.Key}"));

    public static TheoryData<string> Fields => [.. AllFields];

    [Theory]
    [MemberData(nameof(Fields))]
    public void A_missing_field_is_an_error_that_names_it(string field) =>
        Assert.Contains(Errors(root => Section(root, field).Remove(Name(field))), error => error.StartsWith(field + ":", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Fields))]
    public void A_field_of_another_type_is_an_error_that_names_it(string field)
    {
        Assert.Contains(Errors(root => Section(root, field)[Name(field)] = new JsonObject()), error => error.StartsWith(field + ":", StringComparison.Ordinal));
        Assert.Contains(Errors(root => Section(root, field)[Name(field)] = null), error => error.StartsWith(field + ":", StringComparison.Ordinal));
        Assert.Contains(Errors(root => Section(root, field)[Name(field)] = new JsonArray()), error => error.StartsWith(field + ":", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void A_waiver_needs_a_reason_and_nothing_else(string field)
    {
        Assert.NotEmpty(Errors(root => Section(root, field)[Name(field)] = new JsonObject { ["waived"] = " " }));
        Assert.NotEmpty(Errors(root => Section(root, field)[Name(field)] = new JsonObject { ["waived"] = true }));
        Assert.NotEmpty(Errors(root => Section(root, field)[Name(field)] = new JsonObject { ["waived"] = "why", ["also"] = 1 }));
        Assert.Empty(Errors(root => Section(root, field)[Name(field)] = new JsonObject { ["waived"] = "why" }));
    }

    [Fact]
    public void Every_error_is_reported_and_not_the_first_alone()
    {
        IReadOnlyList<string> errors = Errors(root =>
        {
            root["version"] = 2;
            root["node"]!.AsObject().Remove("kems");
            root["tdx"]!.AsObject().Remove("mrTd");
            root["gpu"]!["unknown"] = 1;
        });

        Assert.Equal(4, errors.Count);
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "not json", "{", "not JSON" },
        { "duplicate member", """{"version":1,"version":1}""", "twice" },
        { "duplicate member deep inside", Shipped.Replace("\"debug\": \"off\"", "\"debug\": \"off\", \"debug\": \"off\"", StringComparison.Ordinal), "twice" },
        { "comment", Shipped.Insert(1, "/* */"), "not JSON" },
        { "trailing bytes", Shipped + "{}", "not JSON" },
        { "array", "[]", "object is required" },
        { "unknown member", Shipped.Insert(1, "\"extra\":1,"), "extra: unknown" },
        { "no node section", Edit(root => root.Remove("node")), "node: the section is required" },
        { "no evidence section", Edit(root => { root.Remove("tdx"); root.Remove("gpu"); }), "reject everything" },
        { "no trust anchor", Edit(root => root["trustAnchors"] = new JsonArray()), "at least one" },
        { "unknown trust anchor", Edit(root => root["trustAnchors"] = new JsonArray("intel", "acme")), "acme" },
        { "simulated beside a vendor", Edit(root => root["trustAnchors"] = new JsonArray("intel", "nvidia", "simulated")), "stands alone" },
        { "anchor without its section", Edit(root => root.Remove("gpu")), "belong together" },
        { "revoked as an accepted status", Edit(root => root["tdx"]!["tcbStatuses"] = new JsonArray("Revoked")), "tdx.tcbStatuses" },
        { "status by number", Edit(root => root["tdx"]!["tcbStatuses"] = new JsonArray("1")), "tdx.tcbStatuses" },
        { "measurement of another length", Edit(root => root["tdx"]!["mrTd"] = new JsonArray("00")), "tdx.mrTd" },
        { "value outside its mask", Edit(root => root["tdx"]!["xfam"] = new JsonObject { ["mask"] = "0000000000000000", ["value"] = "0100000000000000" }), "tdx.xfam" },
        { "debug allowed in so many words", Edit(root => root["tdx"]!["debug"] = "on"), "tdx.debug" },
        { "lone surrogate", Shipped.Replace("\"tdx-h100\"", "\"\\ud800\"", StringComparison.Ordinal), "name" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_policy_that_does_not_say_exactly_what_it_means_is_refused(string name, string json, string expected)
    {
        Assert.False(Policy.TryParse(Encoding.UTF8.GetBytes(json), out Policy? policy, out IReadOnlyList<string> errors), name);
        Assert.Null(policy);
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void The_digest_is_over_the_raw_bytes()
    {
        Assert.True(Policy.TryParse(Encoding.UTF8.GetBytes(Shipped + " "), out Policy? spaced, out _));

        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(Shipped + " ")), spaced!.Digest.ToArray());
        Assert.NotEqual(Policy.BuiltIn("tdx-h100").Digest.ToArray(), spaced.Digest.ToArray());
    }

    [Fact]
    public void The_production_policy_waives_nothing_but_what_it_cannot_know()
    {
        Policy policy = Policy.BuiltIn("tdx-h100");

        Assert.False(policy.Simulated);
        Assert.Equal(["intel", "nvidia"], policy.TrustAnchorNames);
        Assert.Equal(
            ["gpu.deniedDevices", "gpu.devices", "gpu.switchVbios", "node.subnet", "tdx.deniedPpids", "tdx.minTcbDate", "tdx.mrServiceTd", "tdx.ppids", "tdx.reportData", "tdx.tcbRecovery"],
            AllFields.Where(field => JsonNode.Parse(Shipped)![field.Split('.')[0]]![Name(field)] is JsonObject value && value.ContainsKey("waived"))
                .Order(StringComparer.Ordinal));
        Assert.Throws<InvalidOperationException>(() => policy.Tdx!.Quote.Ppids.Value);
    }

    private static IReadOnlyList<string> Errors(Action<JsonObject> change) =>
        Policy.TryParse(Encoding.UTF8.GetBytes(Edit(change)), out _, out IReadOnlyList<string> errors) ? [] : errors;

    private static string Edit(Action<JsonObject> change)
    {
        JsonObject root = JsonNode.Parse(Shipped)!.AsObject();
        change(root);
        return root.ToJsonString();
    }

    private static JsonObject Section(JsonObject root, string field) => root[field.Split('.')[0]]!.AsObject();

    private static string Name(string field) => field.Split('.')[1];
}
