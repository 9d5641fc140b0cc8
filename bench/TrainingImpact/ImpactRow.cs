namespace Verathos.Bench.TrainingImpact;

/// <summary>One seed at one round: rank correlations of the first order with exact falls of the loss.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Round">The round, from 1.</param>
/// <param name="Loss">The held-out loss before, in nats per token.</param>
/// <param name="Honest">Twenty honest workers, at 0.2 of the step, first order and exact on the same tokens.</param>
/// <param name="HonestOther">The same with the trusted gradient of as many other tokens.</param>
/// <param name="HonestWhole">Honest workers at the whole step.</param>
/// <param name="Bad">Fourteen honest workers and one of each of six attacks, norms clipped, at 0.2 of the step.</param>
/// <param name="BadWhole">The same at the whole step.</param>
/// <param name="BadUnclipped">The same at the whole step, as they were sent.</param>
/// <param name="Kept">The exact falls of honest workers at the whole step, over what was promised: the median.</param>
public sealed record ImpactRow(int Seed, int Round, double Loss, double Honest, double HonestOther, double HonestWhole, double Bad, double BadWhole, double BadUnclipped, double Kept);
