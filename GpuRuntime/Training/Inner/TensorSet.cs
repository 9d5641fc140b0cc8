using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// The tensors with which one thread computes: views of the weights that all threads share, and leaves of its own graph where they are trained.
/// </summary>
internal sealed class TensorSet
{
    private readonly Tensor[] _full;
    private readonly Tensor?[] _frozenProducts;
    private readonly (Tensor A, Tensor B)?[] _adapters;
    private readonly bool _half;

    /// <summary>Takes tensors in the model's order.</summary>
    /// <param name="full">Binary32.</param>
    /// <param name="frozenProducts">For those that do not change what products take of them, else null.</param>
    /// <param name="adapters">What is beside a matrix, in binary32, or null.</param>
    /// <param name="adapterScale">What the adapters' part is multiplied by; kept alive by the caller.</param>
    /// <param name="precision">What products are in.</param>
    public TensorSet(Tensor[] full, Tensor?[] frozenProducts, (Tensor A, Tensor B)?[] adapters, Scalar adapterScale, TrainingPrecision precision)
    {
        (_full, _frozenProducts, _adapters, AdapterScale, _half) = (full, frozenProducts, adapters, adapterScale, precision == TrainingPrecision.Bf16);
    }

    /// <summary>What the adapters' part is multiplied by.</summary>
    public Scalar AdapterScale { get; }

    /// <summary>A tensor in binary32.</summary>
    public Tensor Full(int index) => _full[index];

    /// <summary>A matrix as products take it.</summary>
    public Tensor ForProducts(int index) => _frozenProducts[index] ?? Rounded(_full[index]);

    /// <summary>The adapter beside a matrix, as products take it, or null.</summary>
    public (Tensor A, Tensor B)? Adapter(int index) => _adapters[index] is var (a, b) ? (Rounded(a), Rounded(b)) : null;

    private Tensor Rounded(Tensor tensor) => _half ? tensor.to(ScalarType.BFloat16) : tensor;
}
