namespace Verathos.Bench.Detection;

/// <summary>Honest answers under one condition, replayed.</summary>
/// <param name="Condition">Threads, answers at once, instruction set.</param>
/// <param name="Digest">SHA-256 over all commitments: equal where every bit is.</param>
/// <param name="SeenBy">The profile that replayed them.</param>
/// <param name="Answers">Answers.</param>
/// <param name="Alarms">Chunks or answers beyond a limit, by test, of how many.</param>
/// <param name="Greatest">The greatest value seen, by test.</param>
public sealed record ConditionRow(
    string Condition, string Digest, string SeenBy, int Answers, IReadOnlyDictionary<string, DetectionRow> Alarms, IReadOnlyDictionary<string, double> Greatest);
