using TorchSharp;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>
/// Products whose exact results are known and which come out otherwise where factors are rounded to TF32 or partial sums to
/// bfloat16.
/// </summary>
internal static class PrecisionProbe
{
    private const int Rows = 128;
    private const int Columns = 64;
    private const int Depth = 16384;

    /// <summary>Tries both.</summary>
    /// <returns>What was rounded, or null.</returns>
    public static string? Run() => TensorFloat() > 0 ? "libtorch rounds the factors of binary32 products to TF32 on this device"
        : PartialSums() > 0 ? "libtorch rounds partial sums of bfloat16 products on this device"
        : null;

    /// <summary>How many elements of a binary32 product with the identity are not the factor's: 1 + 2^-12 is 1 in TF32, which has ten bits of fraction.</summary>
    internal static int TensorFloat()
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar value = 1 + MathF.ScaleB(1, -12);
        Tensor factor = full(Rows, Rows, value, ScalarType.Float32, CUDA);
        Tensor product = nn.functional.linear(factor, eye(Rows, dtype: ScalarType.Float32, device: CUDA));
        return (int)product.ne(factor).sum().cpu().item<long>();
    }

    /// <summary>
    /// How many sums of <see cref="Depth"/> integers between -127 and 127 that add up to 1 are not 1. Any part of such a sum is exact in binary32;
    /// a part in the hundreds or thousands is rounded in bfloat16.
    /// </summary>
    internal static int PartialSums()
    {
        using DisposeScope scope = NewDisposeScope();
        using Scalar one = 1f;
        Tensor factor = tensor(Summands(), [Rows, Depth], ScalarType.Float32).to(ScalarType.BFloat16).to(CUDA);
        Tensor product = nn.functional.linear(factor, full(Columns, Depth, one, ScalarType.BFloat16, CUDA));
        return (int)product.ne(full(Rows, Columns, one, ScalarType.BFloat16, CUDA)).sum().cpu().item<long>();
    }

    private static float[] Summands()
    {
        Random random = new(1);
        float[] values = new float[Rows * Depth];
        for (int row = 0; row < Rows; row++)
        {
            Span<float> summands = values.AsSpan(row * Depth, Depth);
            int total = 0;
            for (int i = 0; i < Depth; i++)
            {
                // The last ones bring the sum back to 1; until then it wanders far from what bfloat16 holds.
                int next = i < Depth / 2 ? random.Next(-127, 128) : Math.Clamp(1 - total, -127, 127);
                summands[i] = next;
                total += next;
            }
        }

        return values;
    }
}
