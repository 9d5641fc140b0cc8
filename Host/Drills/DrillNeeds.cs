namespace Verathos.Host.Drills;

/// <summary>What a drill needs besides the address of a simulated node.</summary>
internal enum DrillNeeds
{
    /// <summary>Nothing: the attacker is on the wire, or a client.</summary>
    Wire,

    /// <summary>Hardware that the node's clients trust: the keys of the simulated installation whose roots judge the node.</summary>
    Hardware,

    /// <summary>The inside of the node, or a second one with the same installation: only a node of the drill's own.</summary>
    OwnNode,
}
