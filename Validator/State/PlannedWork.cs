namespace Verathos.Validator.State;

/// <summary>A challenge or a canary that an epoch begins with.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="DueAt">When; null for a canary that follows an answer.</param>
/// <param name="Canary">Null for a challenge.</param>
public sealed record PlannedWork(string Node, DateTimeOffset? DueAt, PlannedCanary? Canary);
