using System.Text.Json.Nodes;
using Verathos.Attestation.Policies;
using Verathos.Host.Drills;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>The shipped policies, and copies of them that differ in exactly what a drill says.</summary>
internal static class DrillPolicy
{
    /// <summary>The production policy with a simulated trust anchor, and nothing else changed.</summary>
    public static Policy Production => DrillPolicies.Simulated;

    /// <summary>The policy of the demonstration.</summary>
    public static Policy Simulated { get; } = Policy.BuiltIn("simulated");

    /// <summary><see cref="Production"/> with one more line changed.</summary>
    public static Policy ProductionWith(Action<JsonObject> edit) => DrillPolicies.Edit(Production, edit);
}
