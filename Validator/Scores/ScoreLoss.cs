namespace Verathos.Validator.Scores;

/// <summary>Why a node lost points.</summary>
/// <param name="Check">The check that failed, or one of <see cref="ScoreFactors"/>.</param>
/// <param name="LostPpm">What it took off the score, in millionths; 0 where something else had taken all.</param>
/// <param name="Why">One sentence.</param>
public sealed record ScoreLoss(string Check, long LostPpm, string Why);
