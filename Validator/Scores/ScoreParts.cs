namespace Verathos.Validator.Scores;

/// <summary>How a score came about, as it is stored with it.</summary>
/// <param name="Observation">What was seen.</param>
/// <param name="Score">What was made of it.</param>
public sealed record ScoreParts(NodeObservation Observation, NodeScore Score);
