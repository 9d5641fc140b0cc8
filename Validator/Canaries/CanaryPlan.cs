namespace Verathos.Validator.Canaries;

/// <summary>All canaries of an epoch.</summary>
/// <param name="Nodes">For each node, in the order of the slots, its canaries in the order of their conversations.</param>
/// <param name="NextNumber">The first number of the corpus that is not used: the next epoch begins there.</param>
public sealed record CanaryPlan(IReadOnlyList<IReadOnlyList<Canary>> Nodes, long NextNumber);
