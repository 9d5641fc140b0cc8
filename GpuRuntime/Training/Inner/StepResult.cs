namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>What a pass over a batch gave.</summary>
/// <param name="Loss">Mean loss in nats a learned token, before the step.</param>
/// <param name="Tokens">Learned tokens.</param>
/// <param name="GradientNorm">Euclidean norm of the gradient before it was shortened.</param>
public readonly record struct StepResult(double Loss, int Tokens, double GradientNorm);
