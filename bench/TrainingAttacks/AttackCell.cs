namespace Verathos.Bench.TrainingAttacks;

/// <summary>One run of the bench.</summary>
/// <param name="Attack">One of <see cref="AttackNames"/>; "none" has no bad workers.</param>
/// <param name="Bad">Bad workers of twenty.</param>
/// <param name="Aggregator">One of <see cref="AttackNames"/>.</param>
/// <param name="Seed">Of weights, beacon, secret and everything drawn.</param>
public sealed record AttackCell(string Attack, int Bad, string Aggregator, int Seed)
{
    /// <summary>The run without bad workers that it is compared with.</summary>
    public AttackCell WithoutBad() => this with { Attack = AttackNames.None, Bad = 0 };
}
