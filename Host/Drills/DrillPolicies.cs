using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;

namespace Verathos.Host.Drills;

/// <summary>The shipped policies, and copies of them that differ in exactly what a drill says.</summary>
internal static class DrillPolicies
{
    /// <summary>The strict production policy as it is shipped.</summary>
    public static Policy Production => Policy.BuiltIn("tdx-h100");

    /// <summary>The production policy with a simulated trust anchor, and nothing else changed.</summary>
    public static Policy Simulated { get; } = Edit(Production, Simulate);

    /// <summary>The production policy for a simulated node that runs in one process and serves the models of that root.</summary>
    public static Policy For(ReadOnlySpan<byte> manifestRoot)
    {
        string root = Convert.ToHexStringLower(manifestRoot);
        return Edit(Production, policy =>
        {
            Simulate(policy);
            policy["node"]!["topologies"] = new JsonArray("in-process", "split");
            policy["node"]!["manifests"] = new JsonArray(root);
        });
    }

    /// <summary>A copy of a policy with some lines changed.</summary>
    public static Policy Edit(Policy policy, Action<JsonObject> edit)
    {
        JsonObject json = JsonNode.Parse(policy.Raw.Span)!.AsObject();
        edit(json);
        return Policy.TryParse(Encoding.UTF8.GetBytes(json.ToJsonString()), out Policy? parsed, out IReadOnlyList<string> errors)
            ? parsed!
            : throw new InvalidOperationException(string.Join("; ", errors));
    }

    /// <summary>A copy of a policy with other trust anchors.</summary>
    public static Policy WithAnchors(Policy policy, params string[] names) =>
        Edit(policy, json => json["trustAnchors"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]));

    /// <summary>A copy of a policy with one line, named as in a verdict's checks, waived.</summary>
    public static Policy Waive(Policy policy, string line) => Edit(policy, json =>
    {
        string[] path = line.Split('.');
        json[path[0]]![path[1]] = new JsonObject { ["waived"] = "the check that a drill is about, taken away to show what it does" };
    });

    private static void Simulate(JsonObject policy) => policy["trustAnchors"] = new JsonArray("simulated");
}
