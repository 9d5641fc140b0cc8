namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>What the forward and backward pass compute in. Weights, gradients, moments, norms, softmax and loss are binary32 in both.</summary>
public enum TrainingPrecision
{
    /// <summary>Everything in binary32.</summary>
    F32,

    /// <summary>Products and attention in bfloat16 on weights rounded for the pass; the weights that are kept and all sums of gradients in binary32.</summary>
    Bf16,
}
