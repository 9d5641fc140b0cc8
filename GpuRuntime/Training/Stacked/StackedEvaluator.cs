using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>Losses and gradients of one small model at any weights, on the calling thread.</summary>
internal sealed class StackedEvaluator : IDisposable
{
    // So many rows at a time stay within the processor's second cache.
    private const int RowsAtOnce = 16;

    private readonly StackedModel _model;

    /// <summary>Prepares.</summary>
    public StackedEvaluator(ModelShape shape, int vocabulary) => _model = new StackedModel(shape, vocabulary, 1, learns: true);

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
        _model.Set(0, weights);
        int total = inputs.Length / length;
        float[] losses = new float[inputs.Length];
        using IDisposable noGradient = no_grad();
        for (int row = 0; row < total; row += RowsAtOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            int rows = Math.Min(RowsAtOnce, total - row);

            // Always as many rows, the last one again and again if need be: sums within a product can depend on their number.
            long[] ids = new long[RowsAtOnce * length];
            long[] next = new long[RowsAtOnce * length];
            for (int i = 0; i < RowsAtOnce; i++)
            {
                int from = (row + Math.Min(i, rows - 1)) * length;
                inputs.Slice(from, length).CopyTo(ids.AsSpan(i * length));
                targets.Slice(from, length).CopyTo(next.AsSpan(i * length));
            }

            MemoryMarshal.Cast<byte, float>(_model.Losses(ids, next, RowsAtOnce).bytes)[..(rows * length)].CopyTo(losses.AsSpan(row * length));
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
        _model.Set(0, weights);
        int total = inputs.Length / length;
        double[] sums = new double[_model.Count];
        for (int row = 0; row < total; row += RowsAtOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            int rows = Math.Min(RowsAtOnce, total - row);
            Tensor losses = _model.Losses(inputs.Slice(row * length, rows * length), targets.Slice(row * length, rows * length), rows);
            int at = 0;
            foreach (Tensor gradient in autograd.grad([losses.sum()], [.. _model.Parameters]))
            {
                foreach (float value in MemoryMarshal.Cast<byte, float>(gradient.contiguous().bytes))
                {
                    sums[at++] += value;
                }
            }
        }

        int tokens = inputs.Length;
        return [.. sums.Select(sum => (float)(sum / tokens))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    /// <summary>Makes libtorch use the calling thread alone for what it is asked from here; other threads have settings of their own.</summary>
    public static void UseThisThread()
    {
        Native.NativeRuntime.Load();
        set_num_threads(1);
    }
}
