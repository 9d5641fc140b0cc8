namespace Verathos.Bench.Detection;

/// <summary>One attack on one model.</summary>
/// <param name="Attack">Its name.</param>
/// <param name="Description">In a few words.</param>
/// <param name="Answers">Answers.</param>
/// <param name="Rows">Every test that could have seen it.</param>
/// <param name="FirstChecks">Which check ended the rejected openings.</param>
/// <param name="NatsPerAnswer">The mean evidence of likelihood tables for an answer, by the profile that replayed it.</param>
public sealed record AttackReport(
    string Attack, string Description, int Answers, IReadOnlyList<DetectionRow> Rows, IReadOnlyDictionary<string, long> FirstChecks, IReadOnlyDictionary<string, double> NatsPerAnswer)
{
    /// <summary>Answers of an attack on draws that had the very tokens that were asked for: no check can see them, and nobody is cheated.</summary>
    public int Harmless { get; init; }

    /// <summary>A row by its test.</summary>
    public DetectionRow? Of(string test) => Rows.FirstOrDefault(row => row.Test == test);
}
