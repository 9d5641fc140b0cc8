using System.Numerics.Tensors;

namespace Verathos.Bench.Detection;

/// <summary>Least squares with a penalty, by the normal equations: what predicts streams from tokens without computing a layer.</summary>
internal sealed class RidgeRegression
{
    private readonly double[][] _weights;

    private RidgeRegression(double[][] weights) => _weights = weights;

    /// <summary>Fits targets to features.</summary>
    /// <param name="features">[samples][features].</param>
    /// <param name="targets">[samples][outputs].</param>
    /// <param name="penalty">Over the mean of the diagonal.</param>
    public static RidgeRegression Fit(IReadOnlyList<double[]> features, IReadOnlyList<double[]> targets, double penalty)
    {
        (int width, int outputs) = (features[0].Length, targets[0].Length);
        double[][] normal = [.. Enumerable.Range(0, width).Select(_ => new double[width])];
        double[][] right = [.. Enumerable.Range(0, width).Select(_ => new double[outputs])];
        for (int s = 0; s < features.Count; s++)
        {
            for (int i = 0; i < width; i++)
            {
                TensorPrimitives.MultiplyAdd(features[s].AsSpan(0, i + 1), features[s][i], normal[i].AsSpan(0, i + 1), normal[i].AsSpan(0, i + 1));
                TensorPrimitives.MultiplyAdd(targets[s], features[s][i], right[i], right[i]);
            }
        }

        double ridge = penalty * Enumerable.Range(0, width).Average(i => normal[i][i]);
        for (int i = 0; i < width; i++)
        {
            normal[i][i] += ridge;
            for (int j = 0; j <= i; j++)
            {
                double sum = normal[i][j] - TensorPrimitives.Dot<double>(normal[i].AsSpan(0, j), normal[j].AsSpan(0, j));
                normal[i][j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-30)) : sum / normal[j][j];
            }
        }

        for (int i = 0; i < width; i++)
        {
            for (int j = 0; j < i; j++)
            {
                TensorPrimitives.MultiplyAdd(right[j], -normal[i][j], right[i], right[i]);
            }

            TensorPrimitives.Divide(right[i], normal[i][i], right[i]);
        }

        for (int i = width - 1; i >= 0; i--)
        {
            for (int j = i + 1; j < width; j++)
            {
                TensorPrimitives.MultiplyAdd(right[j], -normal[j][i], right[i], right[i]);
            }

            TensorPrimitives.Divide(right[i], normal[i][i], right[i]);
        }

        return new RidgeRegression(right);
    }

    /// <summary>What is predicted.</summary>
    public float[] Predict(double[] features)
    {
        double[] sum = new double[_weights[0].Length];
        for (int i = 0; i < features.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(_weights[i], features[i], sum, sum);
        }

        return Array.ConvertAll(sum, static value => (float)value);
    }
}
