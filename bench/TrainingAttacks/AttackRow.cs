namespace Verathos.Bench.TrainingAttacks;

/// <summary>A line of the judge's table, as text.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Bad">Bad workers of twenty.</param>
/// <param name="Loss">The final loss of the worst seed.</param>
/// <param name="Ratio">The greatest ratio to the attack-free run of the same seed.</param>
/// <param name="LeftOut">Contributions of the bad that did not move the model, of all they sent.</param>
/// <param name="Checks">By which checks.</param>
/// <param name="Earned">What the best paid of them earned, as a share of an honest worker's mean.</param>
/// <param name="Mistakes">Honest contributions that did not move the model, of all.</param>
public sealed record AttackRow(string Attack, int Bad, string Loss, string Ratio, string LeftOut, string Checks, string Earned, string Mistakes);
