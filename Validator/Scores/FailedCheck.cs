namespace Verathos.Validator.Scores;

/// <summary>A check that did not pass in an epoch.</summary>
/// <param name="Check">Its name, for example "opening.layer.rows".</param>
/// <param name="Fault">Whose fault that is.</param>
/// <param name="IsProof">Whether it was a proof: one failed proof of the node's zeroes the epoch. Else it cost what it cost (an answer, availability).</param>
/// <param name="Count">How often.</param>
public sealed record FailedCheck(string Check, FaultOf Fault, bool IsProof, long Count);
