using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// AdamW for a stack of models: each copy has its own weights, moments, clipping and count of steps. No weight decay.
/// </summary>
internal sealed class StackedTrainer : IDisposable
{
    private readonly StackedModel _model;
    private readonly StackedSettings _settings;
    private readonly float[][] _first;
    private readonly float[][] _second;
    private int _steps;

    /// <summary>Starts with weights and moments of 0.</summary>
    public StackedTrainer(ModelShape shape, int vocabulary, int copies, StackedSettings settings)
    {
        _model = new StackedModel(shape, vocabulary, copies, learns: true);
        _settings = settings;
        _first = [.. _model.Tensors.Select(t => new float[(long)copies * t.Rows * t.Columns])];
        _second = [.. _model.Tensors.Select(t => new float[(long)copies * t.Rows * t.Columns])];
    }

    /// <summary>The tensors in the fixed order of flat vectors.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Tensors => _model.Tensors;

    /// <summary>Weights of one copy.</summary>
    public int Count => _model.Count;

    /// <summary>Puts a flat vector into one copy.</summary>
    public void Set(int copy, ReadOnlySpan<float> flat) => _model.Set(copy, flat);

    /// <summary>Reads one copy into a flat vector.</summary>
    public void Get(int copy, Span<float> flat) => _model.Get(copy, flat);

    /// <summary>The gradient of every copy's mean loss, flat.</summary>
    /// <param name="inputs">Token ids, copy after copy, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="rows">Rows of each copy.</param>
    public float[][] Gradients(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int rows)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] gradients = Backward(inputs, targets, rows, out _);
        float scale = 1f / (inputs.Length / _model.Copies);
        float[][] flat = [.. Enumerable.Range(0, _model.Copies).Select(_ => new float[_model.Count])];
        int at = 0;
        foreach (Tensor gradient in gradients)
        {
            ReadOnlySpan<float> values = Read(gradient);
            int size = values.Length / _model.Copies;
            for (int i = 0; i < values.Length; i++)
            {
                flat[i / size][at + (i % size)] = values[i] * scale;
            }

            at += size;
        }

        return flat;
    }

    /// <summary>One step of every copy.</summary>
    /// <returns>Each copy's mean loss before the step, in nats per token.</returns>
    public double[] Step(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int rows, double rate)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] gradients = Backward(inputs, targets, rows, out double[] losses);
        int copies = _model.Copies;
        float[] scales = Scales(gradients, copies, 1f / (inputs.Length / copies));
        _steps++;
        float change = (float)(-rate / (1 - Math.Pow(_settings.Beta1, _steps)));
        float correction = (float)(1 / Math.Sqrt(1 - Math.Pow(_settings.Beta2, _steps)));
        for (int tensor = 0; tensor < gradients.Length; tensor++)
        {
            Span<float> weights = _model.Values(tensor);
            ReadOnlySpan<float> gradient = Read(gradients[tensor]);
            int size = gradient.Length / copies;
            for (int copy = 0; copy < copies; copy++)
            {
                int from = copy * size;
                Update(weights.Slice(from, size), gradient.Slice(from, size), _first[tensor].AsSpan(from, size), _second[tensor].AsSpan(from, size), scales[copy], change, correction);
            }
        }

        return losses;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private Tensor[] Backward(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int rows, out double[] losses)
    {
        Tensor each = _model.Losses(inputs, targets, rows);
        IList<Tensor> gradients = autograd.grad([each.sum()], [.. _model.Parameters]);
        ReadOnlySpan<float> values = Read(each);
        losses = new double[_model.Copies];
        int tokens = values.Length / losses.Length;
        for (int i = 0; i < values.Length; i++)
        {
            losses[i / tokens] += values[i] / (double)tokens;
        }

        return [.. gradients.Select(gradient => gradient.contiguous())];
    }

    // What turns the sum over tokens into the mean, and makes a copy's gradient at most as long as the settings allow.
    private float[] Scales(Tensor[] gradients, int copies, float mean)
    {
        double[] squares = new double[copies];
        foreach (Tensor gradient in gradients)
        {
            ReadOnlySpan<float> values = Read(gradient);
            int size = values.Length / copies;
            for (int copy = 0; copy < copies; copy++)
            {
                squares[copy] += System.Numerics.Tensors.TensorPrimitives.SumOfSquares(values.Slice(copy * size, size));
            }
        }

        return [.. squares.Select(square => mean * (float)Math.Min(1, _settings.ClipNorm / Math.Max(1e-30, mean * Math.Sqrt(square))))];
    }

    private void Update(Span<float> weights, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, float scale, float change, float correction)
    {
        (float keepFirst, float keepSecond) = ((float)_settings.Beta1, (float)_settings.Beta2);
        (float takeFirst, float takeSecond) = ((float)(1 - _settings.Beta1), (float)(1 - _settings.Beta2));
        float epsilon = (float)_settings.Epsilon;
        int i = 0;
        for (; i + Vector256<float>.Count <= weights.Length; i += Vector256<float>.Count)
        {
            Vector256<float> g = Vector256.Create(gradient.Slice(i, 8)) * scale;
            Vector256<float> m = (Vector256.Create<float>(first.Slice(i, 8)) * keepFirst) + (g * takeFirst);
            Vector256<float> v = (Vector256.Create<float>(second.Slice(i, 8)) * keepSecond) + (g * g * takeSecond);
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
            Vector256<float> by = (Vector256.Sqrt(v) * correction) + Vector256.Create(epsilon);
            (Vector256.Create<float>(weights.Slice(i, 8)) + (m * change / by)).CopyTo(weights[i..]);
        }

        for (; i < weights.Length; i++)
        {
            float g = gradient[i] * scale;
            first[i] = (first[i] * keepFirst) + (g * takeFirst);
            second[i] = (second[i] * keepSecond) + (g * g * takeSecond);
            weights[i] += first[i] * change / ((MathF.Sqrt(second[i]) * correction) + epsilon);
        }
    }

    private static ReadOnlySpan<float> Read(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
