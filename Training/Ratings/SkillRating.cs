namespace Verathos.Training.Ratings;

/// <summary>A belief about somebody's skill: normal, with this mean and deviation.</summary>
/// <param name="Mu">The mean.</param>
/// <param name="Sigma">The deviation; above 0.</param>
public readonly record struct SkillRating(double Mu, double Sigma)
{
    /// <summary>What a newcomer has: 25 and 25/3.</summary>
    public static SkillRating Initial { get; } = new(25, 25.0 / 3);

    /// <summary>A skill that is exceeded almost surely: mu - 3 sigma. A newcomer's is 0.</summary>
    public double Ordinal => Mu - (3 * Sigma);
}
