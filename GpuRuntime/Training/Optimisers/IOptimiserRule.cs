using Verathos.GpuRuntime.Training.Inner;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Optimisers;

/// <summary>How weights follow a gradient. Its state is all that it remembers between steps but for their number.</summary>
internal interface IOptimiserRule : IDisposable
{
    /// <summary>The state by name, in a fixed order; f32 tensors that the rule changes in place.</summary>
    IReadOnlyList<(string Name, Tensor Value)> State { get; }

    /// <summary>Changes the weights in place.</summary>
    /// <param name="weights">f32, flat, of the layout.</param>
    /// <param name="gradient">f32, flat, of the layout, shortened already.</param>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="crew">Threads to compute on.</param>
    void Step(Tensor weights, Tensor gradient, long step, double rate, TrainingCrew crew);
}
