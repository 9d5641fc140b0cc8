namespace Verathos.Training.Ratings;

/// <summary>
/// Whether a worker trains on what it was assigned: the moving average of sign(improvement on the assigned data - improvement on random
/// data). Who trained on something else, or on nothing, improves both alike and stays near 0.
/// </summary>
/// <param name="Value">-1 to 1; a newcomer has 0.</param>
public readonly record struct GapAverage(double Value)
{
    /// <summary>The weight of the newest round.</summary>
    public const double Rate = 0.1;

    /// <summary>
    /// What chance alone reaches, up or down: two standard deviations of the average where every round's sign is a coin's, 2 sqrt(rate / (2 - rate)).
    /// </summary>
    public static readonly double Chance = 2 * Math.Sqrt(Rate / (2 - Rate));

    /// <summary>Up to this nothing is paid: a newcomer gets above it by three rounds in a row, which luck hardly does.</summary>
    public const double Least = 0.25;

    /// <summary>
    /// The part of an impact that is paid: 0 up to <see cref="Least"/>, 1 at 1, and in proportion between. A round counts for a worker only if its
    /// contribution did more for its own documents than chance and others reach, so who does not train on them is far below 0.
    /// </summary>
    public double Earning => Math.Max(0, (Value - Least) / (1 - Least));

    /// <summary>True where the average lies as far below 0 as chance reaches: who trains on its documents does not come there, and what does moves no model.</summary>
    public bool IsStranger => Value <= -Chance;

    /// <summary>The average after a round.</summary>
    /// <param name="assigned">Improvement on the worker's documents; finite.</param>
    /// <param name="random">Improvement on others; finite.</param>
    public GapAverage Next(double assigned, double random)
    {
        if (!double.IsFinite(assigned) || !double.IsFinite(random))
        {
            throw new ArgumentException("an improvement is not finite");
        }

        return new GapAverage((Rate * Math.Sign(assigned - random)) + ((1 - Rate) * Value));
    }
}
