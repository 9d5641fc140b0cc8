namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>The optimiser of a stack: AdamW without weight decay.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="ClipNorm">Largest norm of a copy's gradient.</param>
internal sealed record StackedSettings(double Beta1 = 0.9, double Beta2 = 0.98, double Epsilon = 1e-8, double ClipNorm = 1);
