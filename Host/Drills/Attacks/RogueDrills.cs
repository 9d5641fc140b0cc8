using Verathos.Attestation.Policies;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Simulator.Tdx;

namespace Verathos.Host.Drills.Attacks;

/// <summary>Makes drills in which an attacker's node of trusted hardware answers the client.</summary>
internal static class RogueDrills
{
    /// <summary>The quote of an honest guest.</summary>
    public static TdxQuoteSpec Quote { get; } = new() { ReportData = new byte[64] };

    /// <summary>The node follows a plan.</summary>
    public static Drill Plays(string name, string attack, string expected, string source, Func<DrillGround, RoguePlan> plan, Func<Policy, Policy>? policy = null) =>
        new(name, attack, expected, source, DrillNeeds.Hardware, async (ground, token) =>
        {
            RogueNode rogue = await ground.RogueAsync(plan(ground), token).ConfigureAwait(false);
            DrillCall call = ground.Call(rogue.Address);
            return await ground.Client.AskAsync(policy is null ? call : call with { Policy = policy(call.Policy) }, token).ConfigureAwait(false);
        })
        {
            Plan = plan,
        };

    /// <summary>Its hardware answers by a plan.</summary>
    public static Drill Shows(string name, string attack, string expected, string source, NodePlan plan, Func<Policy, Policy>? policy = null) =>
        Plays(name, attack, expected, source, _ => new RoguePlan { Evidence = plan }, policy);

    /// <summary>Its hardware answers by a plan that depends on the installation or the time.</summary>
    public static Drill Shows(string name, string attack, string expected, string source, Func<DrillGround, NodePlan> plan) =>
        Plays(name, attack, expected, source, ground => new RoguePlan { Evidence = plan(ground) });

    /// <summary>Its guest has another quote.</summary>
    public static Drill Quotes(string name, string attack, string expected, string source, TdxQuoteSpec quote) =>
        Shows(name, attack, expected, source, new NodePlan { Quote = quote });

    /// <summary>What it shows is changed after everything in it was bound.</summary>
    public static Drill Swaps(string name, string attack, string expected, string source, Func<RogueShow, EvidenceCollection> show, NodePlan? plan = null) =>
        Plays(name, attack, expected, source, _ => new RoguePlan { Evidence = plan ?? new NodePlan(), Show = shown => Task.FromResult(show(shown)) });
}
