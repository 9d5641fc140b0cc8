namespace Verathos.Bench.Fleet;

/// <summary>A node that ran other weights than those it named.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Weights">What it ran.</param>
/// <param name="Caught">Whether it was caught.</param>
/// <param name="Check">The check that caught it; null where none did.</param>
/// <param name="Audited">Its audited answers.</param>
/// <param name="Failed">How many of them failed.</param>
public sealed record FleetCheat(string Node, string Weights, bool Caught, string? Check, int Audited, int Failed);
