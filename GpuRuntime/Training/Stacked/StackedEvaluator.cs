namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>Losses and gradients of one small model at any weights, on the calling thread.</summary>
/// <param name="shape">See <see cref="RowModel"/>.</param>
/// <param name="vocabulary">Tokens.</param>
internal sealed unsafe class StackedEvaluator(ModelShape shape, int vocabulary)
{
    // Gradients of so many rows are summed in binary32, and those sums in binary64.
    private const int RowsAtOnce = 16;

    private readonly RowModel _model = new(shape, vocabulary);
    private AlignedFloats? _gradient;

    /// <summary>The loss of each row.</summary>
    /// <param name="weights">Flat.</param>
    /// <param name="inputs">Token ids, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <returns>The sum over each row's tokens, in nats; a row's does not depend on the others.</returns>
    public double[] RowLosses(ReadOnlySpan<float> weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int length)
    {
        float[] losses = TokenLosses(weights, inputs, targets, length);
        double[] sums = new double[losses.Length / length];
        for (int i = 0; i < losses.Length; i++)
        {
            sums[i / length] += losses[i];
        }

        return sums;
    }

    /// <summary>The loss at each place, in nats.</summary>
    /// <param name="weights">Flat.</param>
    /// <param name="inputs">Token ids, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="length">Tokens of a row.</param>
    public float[] TokenLosses(ReadOnlySpan<float> weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int length)
    {
        Check(weights, inputs, length);
        float[] losses = new float[inputs.Length];
        fixed (float* at = weights)
        {
            for (int row = 0; row < inputs.Length; row += length)
            {
                _model.Losses(at, inputs.Slice(row, length), targets.Slice(row, length), losses.AsSpan(row, length));
            }
        }

        return losses;
    }

    /// <summary>The gradient of the mean loss over all rows, flat.</summary>
    /// <param name="weights">Flat.</param>
    /// <param name="inputs">Token ids, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="length">Tokens of a row.</param>
    public float[] Gradient(ReadOnlySpan<float> weights, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int length)
    {
        Check(weights, inputs, length);
        AlignedFloats gradient = _gradient ??= new AlignedFloats(_model.Count);
        float[] losses = new float[length];
        double[] sums = new double[_model.Count];
        int rows = inputs.Length / length;
        fixed (float* at = weights)
        {
            for (int row = 0; row < rows; row++)
            {
                _model.Gradient(at, inputs.Slice(row * length, length), targets.Slice(row * length, length), losses, gradient.Address, adds: row % RowsAtOnce != 0);
                if (row % RowsAtOnce == RowsAtOnce - 1 || row == rows - 1)
                {
                    ReadOnlySpan<float> values = gradient.Values;
                    for (int i = 0; i < sums.Length; i++)
                    {
                        sums[i] += values[i];
                    }
                }
            }
        }

        float[] mean = new float[sums.Length];
        for (int i = 0; i < mean.Length; i++)
        {
            mean[i] = (float)(sums[i] / inputs.Length);
        }

        return mean;
    }

    private void Check(ReadOnlySpan<float> weights, ReadOnlySpan<long> inputs, int length)
    {
        if (weights.Length != _model.Count || length < 1 || inputs.Length % length != 0)
        {
            throw new ArgumentException("the weights are of another model, or the tokens are no whole rows", nameof(weights));
        }
    }
}
