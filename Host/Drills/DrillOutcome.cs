using Verathos.Attestation.Verdicts;

namespace Verathos.Host.Drills;

/// <summary>What became of one attack.</summary>
/// <param name="RefusedBy">The name of the check that refused it; null where it got through.</param>
/// <param name="By">Who refused: client, enclave, front or validator.</param>
/// <param name="Detail">The refusal in words, or what the attacker got.</param>
internal sealed record DrillOutcome(string? RefusedBy, string By, string Detail)
{
    /// <summary>Every check that failed, the one that refused first; empty where refusals come one at a time.</summary>
    public IReadOnlyList<Check> Failed { get; init; } = [];

    /// <summary>What was given out as text of an answer before the refusal, or in all.</summary>
    public string Text { get; init; } = "";

    /// <summary>The attacker had what it wanted.</summary>
    public static DrillOutcome Through(string what) => new(null, "", what);
}
