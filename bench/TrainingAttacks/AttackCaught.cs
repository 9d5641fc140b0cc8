namespace Verathos.Bench.TrainingAttacks;

/// <summary>How often a check left contributions out.</summary>
/// <param name="Check">A gate's outcome, or an exclusion.</param>
/// <param name="Count">Contributions.</param>
/// <param name="Workers">Workers.</param>
/// <param name="First">The first round, from 1.</param>
/// <param name="Last">The last round.</param>
public sealed record AttackCaught(string Check, int Count, int Workers, int First, int Last);
