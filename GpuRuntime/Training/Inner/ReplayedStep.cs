namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>An optimiser step done again.</summary>
/// <param name="Result">Loss, tokens and the gradient's norm.</param>
/// <param name="Gradient">The summed gradient before it was shortened, flat.</param>
/// <param name="Weights">What was trained, after the step, flat.</param>
/// <param name="State">The optimiser's state after the step, as <see cref="InnerTrainer.GetState"/> gives it.</param>
/// <param name="Profile">The numeric profile in which it was done again.</param>
public sealed record ReplayedStep(
    StepResult Result, float[] Gradient, float[] Weights, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> State, string Profile);
