namespace Verathos.Validator.State;

/// <summary>A node's score of one epoch.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Node">The node.</param>
/// <param name="ScorePpm">From 0 to 1,000,000.</param>
/// <param name="WeightPpm">Its share of the weights of the epoch, in millionths.</param>
/// <param name="Parts">How it came about, as JSON; why points were lost.</param>
public sealed record ScoreRow(long Epoch, long Node, int ScorePpm, int WeightPpm, string Parts);
