using Verathos.Fingerprint.Numerics;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>
/// Kappa of one product, exactly: the rounding errors that its sixteen residuals sum, over what rounding gives on average. A residual
/// is then kappa times the squares of sixteen sums of signs, whose tail lies below chi-square's by its moments.
/// </summary>
internal sealed class ResidualScale
{
    private readonly int _columns;
    private readonly List<float[]> _rows = [];
    private readonly List<double> _scales = [];
    private readonly List<float> _biases = [];

    public ResidualScale(int columns) => _columns = columns;

    /// <summary>Takes the matrix's next row.</summary>
    public void AddRow(ReadOnlySpan<float> weights, float bias)
    {
        double squares = bias * (double)bias;
        foreach (float weight in weights)
        {
            squares += (double)weight * weight;
        }

        _rows.Add(weights.ToArray());
        _biases.Add(bias);

        // The row's scale in a key.
        _scales.Add(squares == 0 ? 1 : Math.ScaleB(1, -Math.Clamp(Math.ILogB(Math.Sqrt(squares)), -100, 100)));
    }

    /// <summary>Kappa of a product.</summary>
    /// <param name="input">bfloat16.</param>
    /// <param name="output">bfloat16.</param>
    public double Of(ReadOnlySpan<ushort> input, ReadOnlySpan<ushort> output)
    {
        float[] x = new float[_columns];
        BFloat16.ToSingle(input, x);
        (double errors, double units) = (0, 0);
        for (int row = 0; row < _rows.Count; row++)
        {
            double sum = _biases[row];
            float[] weights = _rows[row];
            for (int i = 0; i < x.Length; i++)
            {
                sum += (double)weights[i] * x[i];
            }

            double error = _scales[row] * (BFloat16.ToSingle(output[row]) - sum);
            double unit = _scales[row] * BFloat16.UnitInLastPlace(output[row]);
            (errors, units) = (errors + (error * error), units + (unit * unit));
        }

        return errors / (units / 12);
    }
}
