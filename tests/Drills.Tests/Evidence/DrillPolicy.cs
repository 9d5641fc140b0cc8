using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>The shipped policies, and copies of them that differ in exactly what a drill says.</summary>
internal static class DrillPolicy
{
    /// <summary>The production policy with a simulated trust anchor, and nothing else changed.</summary>
    public static Policy Production { get; } = Edited("tdx-h100", Simulate);

    /// <summary>The policy of the demonstration.</summary>
    public static Policy Simulated { get; } = Policy.BuiltIn("simulated");

    /// <summary><see cref="Production"/> with one more line changed.</summary>
    public static Policy ProductionWith(Action<JsonObject> edit) => Edited("tdx-h100", policy =>
    {
        Simulate(policy);
        edit(policy);
    });

    private static void Simulate(JsonObject policy) => policy["trustAnchors"] = new JsonArray("simulated");

    private static Policy Edited(string name, Action<JsonObject> edit)
    {
        JsonObject policy = JsonNode.Parse(Policy.BuiltIn(name).Raw.Span)!.AsObject();
        edit(policy);
        byte[] json = System.Text.Encoding.UTF8.GetBytes(policy.ToJsonString());
        Assert.True(Policy.TryParse(json, out Policy? parsed, out IReadOnlyList<string> errors), string.Join("; ", errors));
        return parsed!;
    }
}
