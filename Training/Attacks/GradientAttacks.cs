using Verathos.Training.Aggregation;

namespace Verathos.Training.Attacks;

/// <summary>What bad workers send, for benches and tests.</summary>
public static class GradientAttacks
{
    /// <summary>A little is enough: the honest mean and some of the honest standard deviations (of a sample) of each coordinate.</summary>
    /// <param name="honest">At least two.</param>
    /// <param name="deviations">1.5 in the literature.</param>
    public static SparseVector Alie(IReadOnlyList<SparseVector> honest, double deviations)
    {
        ArgumentNullException.ThrowIfNull(honest);
        ArgumentOutOfRangeException.ThrowIfLessThan(honest.Count, 2);
        CoordinateColumns columns = new(honest);
        double[] results = new double[columns.Coordinates.Length];
        double[] values = new double[honest.Count];
        for (int place = 0; place < results.Length; place++)
        {
            columns.Column(place, values);
            double mean = values.Sum() / values.Length;
            double squares = values.Sum(value => (value - mean) * (value - mean));
            results[place] = mean + (deviations * Math.Sqrt(squares / (values.Length - 1)));
        }

        return columns.ToVector(results);
    }

    /// <summary>Inner product manipulation: the honest mean times a negative factor.</summary>
    /// <param name="honest">At least one.</param>
    /// <param name="factor">Positive; small ones stay below bounds on norms.</param>
    public static SparseVector InnerProduct(IReadOnlyList<SparseVector> honest, double factor) => CoordinateRules.Mean(honest).Scale(-factor);

    /// <summary>A worker's own gradient with every sign turned.</summary>
    public static SparseVector SignFlip(SparseVector own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return own.Scale(-1);
    }

    /// <summary>A worker's own gradient, longer.</summary>
    public static SparseVector Scaling(SparseVector own, double factor)
    {
        ArgumentNullException.ThrowIfNull(own);
        return own.Scale(factor);
    }
}
