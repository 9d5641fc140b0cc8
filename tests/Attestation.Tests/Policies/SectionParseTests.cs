using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>Every field of every section that a shipped policy has: required, or waived with a reason.</summary>
public sealed class SectionParseTests
{
    public static TheoryData<string> Names => [.. Policy.BuiltInNames];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_field_is_required_and_has_one_form(string name)
    {
        int fields = 0;
        foreach ((string section, JsonNode? value) in Root(name).Where(member => member.Value is JsonObject).ToArray())
        {
            foreach (string field in value!.AsObject().Select(member => member.Key))
            {
                fields++;
                string line = $"{section}.{field}";
                Refused(name, line, fields => fields.Remove(field));
                Refused(name, line, fields => fields[field] = new JsonObject());
                Refused(name, line, fields => fields[field] = new JsonArray());
                Refused(name, line, fields => fields[field] = null);
                Refused(name, line, fields => fields[field] = new JsonObject { ["waived"] = " " });
                Refused(name, line, fields => fields[field] = new JsonObject { ["waived"] = "why", ["also"] = 1 });
                JsonObject waived = Root(name);
                waived[section]![field] = new JsonObject { ["waived"] = "why" };
                Assert.True(Policy.TryParse(Bytes(waived), out _, out IReadOnlyList<string> errors), string.Join("; ", errors));
            }
        }

        Assert.True(fields > 15, $"{fields} fields");
    }

    [Fact]
    public void Together_the_shipped_policies_have_every_section() => Assert.Equal(
        ["azureHcl", "azureMaa", "gpu", "node", "nvidiaEat", "sgx", "snp", "tdx"],
        Policy.BuiltInNames.SelectMany(name => Root(name).Where(member => member.Value is JsonObject).Select(member => member.Key)).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("azure", "azureHcl", "pcrs", """{"24":["VALUE"]}""")]
    [InlineData("azure", "azureHcl", "pcrs", """{"-1":["VALUE"]}""")]
    [InlineData("azure", "azureHcl", "pcrs", """{"4":["VALUE"],"04":["VALUE"]}""")]
    [InlineData("azure", "azureHcl", "pcrs", """{"4":["00"]}""")]
    [InlineData("azure", "azureHcl", "configuration", """{"secure-boot":true}""")]
    [InlineData("azure", "azureHcl", "configuration", """{"secure-boot":[null]}""")]
    [InlineData("azure", "azureHcl", "configuration", """{"secure-boot":{"min":"1"}}""")]
    [InlineData("tokens", "azureMaa", "types", """["tpm"]""")]
    [InlineData("tokens", "azureMaa", "issuers", """["http://a.attest.azure.net"]""")]
    [InlineData("tokens", "azureMaa", "measurements", """["00"]""")]
    [InlineData("tokens", "azureMaa", "compliance", "\"none\"")]
    [InlineData("tokens", "nvidiaEat", "debug", "\"on\"")]
    [InlineData("tokens", "nvidiaEat", "count", """{"min":0,"max":1}""")]
    [InlineData("snp-h100", "gpu", "switches", """{"min":2,"max":1}""")]
    [InlineData("snp-h100", "gpu", "revocation", "\"crl\"")]
    public void A_value_that_no_evidence_could_have_is_refused(string name, string section, string field, string value) =>
        Refused(name, $"{section}.{field}", fields => fields[field] = JsonNode.Parse(value.Replace("VALUE", new string('0', 64), StringComparison.Ordinal)), section);

    [Theory]
    [InlineData("azure", "tdx,snp", "azureHcl: the section snp or tdx")]
    [InlineData("tokens", "azureMaa", "\"azure\" and the section azureMaa belong together")]
    [InlineData("snp-h100", "gpu", "\"nvidia\" and the section gpu or nvidiaEat belong together")]
    public void Sections_and_anchors_go_together(string name, string without, string expected)
    {
        JsonObject root = Root(name);
        foreach (string section in without.Split(','))
        {
            root.Remove(section);
        }

        Assert.False(Policy.TryParse(Bytes(root), out _, out IReadOnlyList<string> errors));
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    private static void Refused(string name, string line, Action<JsonObject> change, string? section = null)
    {
        JsonObject root = Root(name);
        change(root[section ?? line.Split('.')[0]]!.AsObject());
        Assert.False(Policy.TryParse(Bytes(root), out _, out IReadOnlyList<string> errors), $"{name}: {line}");
        Assert.Contains(errors, error => error.StartsWith(line + ":", StringComparison.Ordinal));
    }

    private static JsonObject Root(string name) => JsonNode.Parse(Policy.BuiltIn(name).Raw.Span)!.AsObject();

    private static byte[] Bytes(JsonObject root) => Encoding.UTF8.GetBytes(root.ToJsonString());
}
