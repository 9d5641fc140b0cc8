using System.Numerics.Tensors;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Bench.Detection.Attacks;

/// <summary>
/// GPTQ (Frantar et al., 2022): columns are rounded one after another, and the error of each is put into the columns after it, by the
/// inverse of the inputs' Hessian, so that the outputs change as little as they can.
/// </summary>
internal static class GptqRounding
{
    private const double Damping = 0.01;

    /// <summary>The upper factor U with U transposed times U = the inverse of the damped Hessian of some inputs.</summary>
    /// <param name="inputs">[samples, columns].</param>
    /// <param name="columns">Columns.</param>
    public static double[][] Factor(IReadOnlyList<float[]> inputs, int columns)
    {
        // Reversed in both dimensions, so that the lower factor of the reversed gives the upper one wanted: H = R R', U = inverse of R.
        double[][] h = [.. Enumerable.Range(0, columns).Select(_ => new double[columns])];
        double[] row = new double[columns];
        foreach (float[] input in inputs)
        {
            for (int i = 0; i < columns; i++)
            {
                row[i] = input[columns - 1 - i];
            }

            for (int i = 0; i < columns; i++)
            {
                TensorPrimitives.MultiplyAdd(row.AsSpan(0, i + 1), 2 * row[i], h[i].AsSpan(0, i + 1), h[i].AsSpan(0, i + 1));
            }
        }

        double damp = Math.Max(1e-12, Damping * Enumerable.Range(0, columns).Average(i => h[i][i]));
        for (int i = 0; i < columns; i++)
        {
            h[i][i] += damp;
            for (int j = 0; j <= i; j++)
            {
                double sum = h[i][j] - TensorPrimitives.Dot<double>(h[i].AsSpan(0, j), h[j].AsSpan(0, j));
                h[i][j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-30)) : sum / h[j][j];
            }
        }

        // The inverse of the lower factor, row by row: row i = (e_i - sum of l_ij row j) / l_ii.
        double[][] inverse = [.. Enumerable.Range(0, columns).Select(_ => new double[columns])];
        for (int i = 0; i < columns; i++)
        {
            Span<double> own = inverse[i];
            for (int j = 0; j < i; j++)
            {
                TensorPrimitives.MultiplyAdd(inverse[j].AsSpan(0, j + 1), -h[i][j], own[..(j + 1)], own[..(j + 1)]);
            }

            own[i] = 1;
            TensorPrimitives.Divide(own[..(i + 1)], h[i][i], own[..(i + 1)]);
        }

        double[][] upper = [.. Enumerable.Range(0, columns).Select(_ => new double[columns])];
        for (int i = 0; i < columns; i++)
        {
            for (int j = i; j < columns; j++)
            {
                upper[i][j] = inverse[columns - 1 - i][columns - 1 - j];
            }
        }

        return upper;
    }

    /// <summary>Rounds a matrix in place.</summary>
    /// <param name="weights">[rows, columns].</param>
    /// <param name="upper">From <see cref="Factor"/>.</param>
    /// <param name="levels">On either side of nought.</param>
    /// <param name="group">Columns that share a scale.</param>
    public static void Round(Span<float> weights, double[][] upper, int levels, int group)
    {
        int columns = upper.Length;
        float[][] factor = [.. upper.Select(static row => Array.ConvertAll(row, static value => (float)value))];
        for (int at = 0; at < weights.Length; at += columns)
        {
            Span<float> row = weights.Slice(at, columns);
            float scale = 0;
            for (int i = 0; i < columns; i++)
            {
                if (i % group == 0)
                {
                    scale = Math.Max(TensorPrimitives.MaxMagnitude(row.Slice(i, Math.Min(group, columns - i))) is var highest ? MathF.Abs(highest) : 0, float.Epsilon * 1024) / levels;
                }

                float rounded = BFloat16.Round(Math.Clamp(MathF.Round(row[i] / scale), -levels, levels) * scale);
                float error = (row[i] - rounded) / factor[i][i];
                row[i] = rounded;
                TensorPrimitives.MultiplyAdd(factor[i].AsSpan(i + 1), -error, row[(i + 1)..], row[(i + 1)..]);
            }
        }
    }
}
