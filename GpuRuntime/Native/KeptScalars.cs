using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Native;

/// <summary>
/// Sums whose scale factor stays alive. TorchSharp makes that factor, and every number that becomes a scalar on
/// the way, as an object with a finalizer and does not hold it during the native call: a collection at that moment frees the
/// memory that libtorch is about to read. So a scalar is kept in a field, or in a <c>using</c> that outlives the call.
/// </summary>
internal static class KeptScalars
{
    private static readonly Scalar s_one;
    private static readonly Scalar s_two;

    // Explicit, so that it runs at the first use, when the native library has been loaded, and not before.
    static KeptScalars() => (s_one, s_two) = (1, 2);

    /// <summary>The sum of two tensors.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, s_one);

    /// <summary>The sum of a tensor and a number that the caller keeps.</summary>
    public static Tensor Plus(this Tensor left, Scalar right) => left.add(right, s_one);

    /// <summary>Adds a number, which the caller keeps, in place.</summary>
    public static Tensor Increase(this Tensor left, Scalar right) => left.add_(right, s_one);

    /// <summary>Adds a tensor in place.</summary>
    public static Tensor Increase(this Tensor left, Tensor right) => left.add_(right, s_one);

    /// <summary>Each element squared, which TorchSharp computes as a power with such an exponent. A product with itself would sum its slope in another order.</summary>
    public static Tensor Squared(this Tensor tensor) => tensor.pow(s_two);

    /// <summary>Adds rows in place, at the given places of dimension 0.</summary>
    public static Tensor IncreaseRows(this Tensor left, Tensor places, Tensor rows) => left.index_add_(0, places, rows, s_one);
}
