using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// AdamW for some copies of a small model: each copy has its own weights, moments, clipping and count of steps. No weight decay.
/// </summary>
internal sealed unsafe class StackedTrainer
{
    private const int Lanes = 16;

    private readonly RowModel _model;
    private readonly StackedSettings _settings;
    private readonly AlignedFloats[] _weights;
    private readonly AlignedFloats[] _first;
    private readonly AlignedFloats[] _second;
    private readonly AlignedFloats _gradient;
    private int _steps;

    /// <summary>Starts with weights and moments of 0.</summary>
    public StackedTrainer(ModelShape shape, int vocabulary, int copies, StackedSettings settings)
    {
        _model = new RowModel(shape, vocabulary);
        _settings = settings;
        _gradient = new AlignedFloats(_model.Count);
        (_weights, _second) = (Zeros(copies), Zeros(copies));

        // Without decay the first moment is the gradient.
        _first = settings.Beta1 == 0 ? [] : Zeros(copies);
    }

    /// <summary>The tensors in the fixed order of flat vectors.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Tensors => _model.Tensors;

    /// <summary>Weights of one copy.</summary>
    public int Count => _model.Count;

    /// <summary>Puts a flat vector into one copy.</summary>
    public void Set(int copy, ReadOnlySpan<float> flat) => flat[..Count].CopyTo(_weights[copy].Values);

    /// <summary>Reads one copy into a flat vector.</summary>
    public void Get(int copy, Span<float> flat) => _weights[copy].Values.CopyTo(flat);

    /// <summary>One copy's weights as they are until the next step.</summary>
    public ReadOnlySpan<float> Weights(int copy) => _weights[copy].Values;

    /// <summary>One step of every copy.</summary>
    /// <param name="inputs">Token ids, copy after copy, row after row.</param>
    /// <param name="targets">The next token at each place.</param>
    /// <param name="rows">Rows of each copy.</param>
    /// <param name="rate">The rate.</param>
    /// <returns>Each copy's mean loss before the step, in nats per token.</returns>
    public double[] Step(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int rows, double rate)
    {
        int copies = _weights.Length, length = inputs.Length / (copies * rows), tokens = rows * length;
        _steps++;
        float change = (float)(-rate / (1 - Math.Pow(_settings.Beta1, _steps)));
        float correction = (float)(1 / Math.Sqrt(1 - Math.Pow(_settings.Beta2, _steps)));
        double[] losses = new double[copies];
        float[] each = new float[length];
        for (int copy = 0; copy < copies; copy++)
        {
            for (int row = 0; row < rows; row++)
            {
                int from = (copy * tokens) + (row * length);
                _model.Gradient(_weights[copy].Address, inputs.Slice(from, length), targets.Slice(from, length), each, _gradient.Address, adds: row > 0);
                foreach (float loss in each)
                {
                    losses[copy] += loss / (double)tokens;
                }
            }

            Update(_weights[copy].Address, _gradient.Address, _first.Length == 0 ? null : _first[copy].Address, _second[copy].Address, Count, Scale(1f / tokens), change, correction);
        }

        GC.KeepAlive(this);
        return losses;
    }

    private AlignedFloats[] Zeros(int copies) => [.. Enumerable.Range(0, copies).Select(_ => new AlignedFloats(_model.Count))];

    // What turns the sum over tokens into the mean, and makes the gradient at most as long as the settings allow.
    private float Scale(float mean)
    {
        double squares = 0;
        float* at = _gradient.Address;
        foreach ((_, int rows, int columns) in _model.Tensors)
        {
            squares += RowMath.SumOfSquares(at, rows * columns);
            at += rows * columns;
        }

        return mean * (float)Math.Min(1, _settings.ClipNorm / Math.Max(1e-30, mean * Math.Sqrt(squares)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Update(float* weights, float* gradient, float* first, float* second, int count, float scale, float change, float correction)
    {
        Vector512<float> keepFirst = Vector512.Create((float)_settings.Beta1), keepSecond = Vector512.Create((float)_settings.Beta2);
        Vector512<float> takeFirst = Vector512.Create((float)(1 - _settings.Beta1)), takeSecond = Vector512.Create((float)(1 - _settings.Beta2));
        Vector512<float> epsilon = Vector512.Create((float)_settings.Epsilon);
        for (nint i = 0; i < count; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gradient + i) * scale, m = g;
            if (first != null)
            {
                m = (Vector512.Load(first + i) * keepFirst) + (g * takeFirst);
                m.Store(first + i);
            }

            Vector512<float> v = (Vector512.Load(second + i) * keepSecond) + (g * g * takeSecond);
            v.Store(second + i);
            (Vector512.Load(weights + i) + (m * change / ((Vector512.Sqrt(v) * correction) + epsilon))).Store(weights + i);
        }
    }
}
