using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>AdamW (Loshchilov and Hutter, algorithm 2), of all tensors or of some. Matrices decay; vectors do not.</summary>
internal sealed class AdamWRule : IOptimiserRule
{
    private readonly InnerSettings _settings;
    private readonly IReadOnlyList<(int Offset, int Length)> _decaying;
    private readonly List<(int Offset, Tensor First, Tensor Second)> _moments = [];
    private readonly List<(string, Tensor)> _state = [];

    /// <summary>Starts with zero moments.</summary>
    public AdamWRule(ParameterLayout layout, IReadOnlyList<int> tensors, InnerSettings settings)
    {
        using IDisposable none = no_grad();
        _settings = settings;
        _decaying = FlatRuns.Of(layout, tensors.Where(tensor => !layout.IsVector(tensor)));
        foreach ((int offset, int length) in FlatRuns.Of(layout, tensors))
        {
            _moments.Add((offset, zeros(length).DetachFromDisposeScope(), zeros(length).DetachFromDisposeScope()));
        }

        foreach (int tensor in tensors)
        {
            (int start, Tensor first, Tensor second) = _moments.FindLast(run => run.Offset <= layout.Offset(tensor));
            (string name, int from, int length) = (layout.Tensors[tensor].Name, layout.Offset(tensor) - start, layout.Length(tensor));
            _state.Add(("first/" + name, first.narrow(0, from, length).DetachFromDisposeScope()));
            _state.Add(("second/" + name, second.narrow(0, from, length).DetachFromDisposeScope()));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Value)> State => _state;

    /// <inheritdoc/>
    public void Step(Tensor weights, Tensor gradient, long step, double rate, TrainingCrew crew) =>
        crew.RunAlone(() => StepHere(weights, gradient, step, rate));

    /// <summary>The same on the thread that calls.</summary>
    public void StepHere(Tensor weights, Tensor gradient, long step, double rate)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable none = no_grad();
        double correction1 = 1.0 - Math.Pow(_settings.Beta1, step + 1);
        double correction2 = Math.Sqrt(1.0 - Math.Pow(_settings.Beta2, step + 1));
        using Scalar keepFirst = _settings.Beta1;
        using Scalar takeFirst = 1.0 - _settings.Beta1;
        using Scalar keepSecond = _settings.Beta2;
        using Scalar takeSecond = 1.0 - _settings.Beta2;
        using Scalar correction = correction2;
        using Scalar epsilon = _settings.Epsilon;
        using Scalar change = -rate / correction1;
        FlatRuns.Decay(weights, _decaying, rate, _settings.WeightDecay);
        foreach ((int offset, Tensor first, Tensor second) in _moments)
        {
            Tensor slope = gradient.narrow(0, offset, first.NumberOfElements);
            first.mul_(keepFirst).add_(slope, alpha: takeFirst);
            second.mul_(keepSecond).addcmul_(slope, slope, value: takeSecond);
            Tensor denominator = second.sqrt().div_(correction).Increase(epsilon);
            weights.narrow(0, offset, first.NumberOfElements).addcdiv_(first, denominator, value: change);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Tensor first, Tensor second) in _moments)
        {
            first.Dispose();
            second.Dispose();
        }

        foreach ((_, Tensor view) in _state)
        {
            view.Dispose();
        }
    }
}
