namespace Verathos.Validator.Canaries;

/// <summary>What nodes that were asked the same say together.</summary>
/// <param name="Majority">The ids that more than half of the nodes agree with; null where there is no majority.</param>
/// <param name="Outvoted">The nodes whose ids differ from those, in the order given.</param>
public sealed record ReplicaResult(IReadOnlyList<int>? Majority, IReadOnlyList<string> Outvoted);
