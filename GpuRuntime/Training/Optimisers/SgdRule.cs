using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>
/// Gradient descent with momentum: m = momentum * m + g, then the weights fall by rate * m, or with Nesterov's look ahead by
/// rate * (g + momentum * m). Matrices decay; vectors do not.
/// </summary>
internal sealed class SgdRule : IOptimiserRule
{
    private readonly InnerSettings _settings;
    private readonly IReadOnlyList<(int Offset, int Length)> _decaying;
    private readonly Tensor _momentum;
    private readonly List<(string, Tensor)> _state = [];

    /// <summary>Starts without momentum.</summary>
    public SgdRule(ParameterLayout layout, InnerSettings settings)
    {
        using IDisposable none = no_grad();
        _settings = settings;
        _decaying = FlatRuns.Of(layout, Enumerable.Range(0, layout.Tensors.Count).Where(tensor => !layout.IsVector(tensor)));
        _momentum = zeros(layout.Count).DetachFromDisposeScope();
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            _state.Add(("momentum/" + layout.Tensors[tensor].Name, _momentum.narrow(0, layout.Offset(tensor), layout.Length(tensor)).DetachFromDisposeScope()));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Value)> State => _state;

    /// <inheritdoc/>
    public void Step(Tensor weights, Tensor gradient, long step, double rate, TrainingCrew crew) => crew.RunAlone(() =>
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable none = no_grad();
        using Scalar keep = _settings.Momentum;
        using Scalar change = -rate;
        FlatRuns.Decay(weights, _decaying, rate, _settings.WeightDecay);
        _momentum.mul_(keep).Increase(gradient);
        Tensor direction = _settings.Nesterov ? _momentum.mul(keep).Increase(gradient) : _momentum;
        weights.add_(direction, alpha: change);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _momentum.Dispose();
        foreach ((_, Tensor view) in _state)
        {
            view.Dispose();
        }
    }
}
