using TorchSharp;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>
/// Muon (Jordan et al., 2024): for a matrix m = momentum * m + (1 - momentum) * g, of which (or with Nesterov of (1 - momentum) * g +
/// momentum * m) the nearest orthogonal matrix is approached by quintic Newton-Schulz iterations in binary32, and
/// the weights fall by rate * 0.2 * sqrt(max(rows, columns)) times it, so that steps are as long as AdamW's at the same rate (Liu et al., 2025).
/// Embedding, output and norms follow AdamW. Matrices decay.
/// </summary>
internal sealed class MuonRule : IOptimiserRule
{
    // https://kellerjordan.github.io/posts/muon: coefficients that raise small singular values fastest; they come out at about 0.7 to 1.2.
    private const double A = 3.4445, B = -4.7750, C = 2.0315, Epsilon = 1e-7, StepLength = 0.2;

    private readonly InnerSettings _settings;
    private readonly ParameterLayout _layout;
    private readonly List<(int Tensor, Tensor Momentum)> _matrices = [];
    private readonly AdamWRule _rest;

    /// <summary>Starts without momentum.</summary>
    public MuonRule(ParameterLayout layout, InnerSettings settings)
    {
        using IDisposable none = no_grad();
        (_layout, _settings) = (layout, settings);
        List<int> rest = [];
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            if (layout.IsVector(tensor) || layout.Tensors[tensor].Name is ModelTensors.Embedding or ModelTensors.Output)
            {
                rest.Add(tensor);
            }
            else
            {
                _matrices.Add((tensor, zeros(layout.Shape(tensor)).DetachFromDisposeScope()));
            }
        }

        _rest = new AdamWRule(layout, rest, settings);
        State = [.. _matrices.Select(matrix => ("momentum/" + layout.Tensors[matrix.Tensor].Name, matrix.Momentum)), .. _rest.State];
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Value)> State { get; }

    /// <inheritdoc/>
    public void Step(Tensor weights, Tensor gradient, long step, double rate, TrainingCrew crew) => crew.ForEach(_matrices.Count + 1, (_, piece) =>
    {
        if (piece == _matrices.Count)
        {
            _rest.StepHere(weights, gradient, step, rate);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable none = no_grad();
        (int tensor, Tensor momentum) = _matrices[piece];
        Tensor Part(Tensor flat) => flat.narrow(0, _layout.Offset(tensor), _layout.Length(tensor)).view(momentum.shape);
        using Scalar keep = _settings.Momentum;
        using Scalar take = 1.0 - _settings.Momentum;
        using Scalar change = -rate * StepLength * Math.Sqrt(Math.Max(_layout.Tensors[tensor].Rows, _layout.Tensors[tensor].Columns));
        Tensor slope = Part(gradient).mul(take);
        momentum.mul_(keep).Increase(slope);
        Tensor direction = Orthogonal(_settings.Nesterov ? momentum.mul(keep).Increase(slope) : momentum, _settings.NewtonSchulz);
        FlatRuns.Decay(weights, [(_layout.Offset(tensor), _layout.Length(tensor))], rate, _settings.WeightDecay);
        Part(weights).add_(direction, alpha: change);
    });

    /// <summary>Nearly the nearest matrix with orthogonal rows or columns: singular values go to about 1.</summary>
    /// <param name="matrix">f32 [rows, columns]; zeros stay zeros.</param>
    /// <param name="iterations">Of Newton-Schulz.</param>
    internal static Tensor Orthogonal(Tensor matrix, int iterations)
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar a = A;
        using Scalar b = B;
        using Scalar c = C;
        using Scalar epsilon = Epsilon;
        bool turned = matrix.shape[0] > matrix.shape[1];
        Tensor x = turned ? matrix.t().contiguous() : matrix;
        x = x / x.Squared().sum().sqrt().Plus(epsilon);
        for (int i = 0; i < iterations; i++)
        {
            Tensor square = x.mm(x.t());
            Tensor polynomial = square.mul(b).Increase(square.mm(square).mul_(c));
            x = x.mul(a).Increase(polynomial.mm(x));
        }

        return (turned ? x.t().contiguous() : x).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rest.Dispose();
        foreach ((_, Tensor momentum) in _matrices)
        {
            momentum.Dispose();
        }
    }
}
