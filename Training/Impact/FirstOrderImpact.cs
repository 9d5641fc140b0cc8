using Verathos.Training.Compression;

namespace Verathos.Training.Impact;

/// <summary>
/// What every contribution would do to the loss, from one backward pass: with the held-out gradient g0 and the step p -= eta g, the
/// loss changes by -eta (g, g0) in first order. Contributions are kept short first: a long one would promise what no step keeps.
/// </summary>
public static class FirstOrderImpact
{
    /// <summary>The part of the applied step at which the first order is trusted.</summary>
    public const double StepFraction = 0.2;

    /// <summary>Shortens each contribution, tensor by tensor, to the median norm of all contributions there.</summary>
    /// <param name="layout">Where tensors lie.</param>
    /// <param name="gradients">Of the layout.</param>
    public static SparseVector[] Clip(GradientLayout layout, IReadOnlyList<SparseVector> gradients)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(gradients);
        double[][] norms = [.. gradients.Select(gradient => TensorNorms.Of(layout, gradient))];
        double[] medians = [.. Enumerable.Range(0, layout.Tensors.Count).Select(tensor => norms.Length == 0 ? 0 : RobustStatistics.Median([.. norms.Select(n => n[tensor])]))];
        SparseVector[] clipped = new SparseVector[gradients.Count];
        for (int i = 0; i < clipped.Length; i++)
        {
            double[] factors = [.. norms[i].Select((norm, tensor) => norm > medians[tensor] ? medians[tensor] / norm : 1)];
            double[] values = gradients[i].Values.ToArray();
            for (int k = 0; k < values.Length; k++)
            {
                values[k] *= factors[layout.TensorOf(gradients[i].Indices[k])];
            }

            clipped[i] = new SparseVector(layout.Count, gradients[i].Indices.ToArray(), values);
        }

        return clipped;
    }

    /// <summary>The fall of the loss that the first order promises: eta (g, g0); above 0 is better.</summary>
    /// <param name="clipped">A contribution after <see cref="Clip"/>.</param>
    /// <param name="heldOut">g0, the gradient of the mean loss on secret held-out data, of the layout's length.</param>
    /// <param name="step">eta: the applied step times <see cref="StepFraction"/>.</param>
    public static double Improvement(SparseVector clipped, ReadOnlySpan<float> heldOut, double step)
    {
        ArgumentNullException.ThrowIfNull(clipped);
        return step * clipped.Dot(heldOut);
    }
}
