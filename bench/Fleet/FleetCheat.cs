namespace Verathos.Bench.Fleet;

/// <summary>A node that ran other weights than those it named.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Weights">What it ran.</param>
/// <param name="Caught">Whether it was caught.</param>
/// <param name="Check">The check that caught it; null where none did.</param>
/// <param name="AnswersBefore">Its audited answers up to the one that caught it.</param>
public sealed record FleetCheat(string Node, string Weights, bool Caught, string? Check, int AnswersBefore);
