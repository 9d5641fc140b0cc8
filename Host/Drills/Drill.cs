namespace Verathos.Host.Drills;

/// <summary>One named attack and the check that it must fall to.</summary>
/// <param name="Name">Its name, for <c>--only</c>.</param>
/// <param name="Attack">What the attacker does, in a sentence.</param>
/// <param name="Expected">The check that refuses it.</param>
/// <param name="Source">Where the attack comes from.</param>
/// <param name="Needs">What it needs besides a node.</param>
/// <param name="RunAsync">Tries it.</param>
internal sealed record Drill(
    string Name, string Attack, string Expected, string Source, DrillNeeds Needs, Func<DrillGround, CancellationToken, Task<DrillOutcome>> RunAsync)
{
    /// <summary>Checks that would refuse the same attack by themselves if the expected one were not there.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>What the attacker on the wire does to sealed answers, one after the other, where the drill has one.</summary>
    public Func<Func<byte[], byte[]>>? Tampering { get; init; }

    /// <summary>What the attacker's node does, where the drill has one.</summary>
    public Func<DrillGround, Nodes.RoguePlan>? Plan { get; init; }
}
