using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Rows of Q8_0 as they are stored: a scale for each 32 elements and one byte an element. An element's value is their product,
/// which binary32 holds exactly, so that half the memory of bfloat16 passes and nothing is rounded.
/// </summary>
internal static unsafe class Q8Rows
{
    private const int Block = Quantization.BlockElements;

    /// <summary>Copies a tensor's rows: bytes in packed order, and scales.</summary>
    /// <param name="tensor">A Q8_0 tensor.</param>
    /// <param name="elements">[rows, columns].</param>
    /// <param name="scales">[rows, columns / 32].</param>
    public static void Copy(StoredTensor tensor, sbyte* elements, float* scales)
    {
        using PrivateMemory raw = new(tensor.Info.Length);
        tensor.CopyRaw(raw.Pointer);
        byte* block = raw.Pointer;
        for (long count = tensor.Info.Elements / Block; count > 0; count--, block += Quantization.BlockBytes, elements += Block)
        {
            *scales++ = (float)*(Half*)block;
            for (int i = 0; i < Block; i++)
            {
                elements[Lanes.PackedIndex(i)] = (sbyte)block[sizeof(ushort) + i];
            }
        }
    }

    /// <summary>Eight elements in binary32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(sbyte* elements, Vector256<float> scale)
    {
        Vector256<int> wide;
        if (Avx2.IsSupported)
        {
            wide = Avx2.ConvertToVector256Int32(elements);
        }
        else
        {
            Vector128<short> half = Vector128.WidenLower(Vector64.Load(elements).ToVector128());
            wide = Vector256.Create(Vector128.WidenLower(half), Vector128.WidenUpper(half));
        }

        return Vector256.ConvertToSingle(wide) * scale;
    }

    /// <summary>One dot product, as <see cref="Lanes.Dot"/> computes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* packed, sbyte* elements, float* scales, int length)
    {
        Vector256<float> even = Vector256<float>.Zero;
        Vector256<float> odd = Vector256<float>.Zero;
        for (int k = 0; k < length; k += Lanes.Step)
        {
            Vector256<float> scale = Vector256.Create(scales[k / Block]);
            even = Vector256.FusedMultiplyAdd(Load(elements + k, scale), Vector256.Load(packed + k), even);
            odd = Vector256.FusedMultiplyAdd(Load(elements + k + 8, scale), Vector256.Load(packed + k + 8), odd);
        }

        return Lanes.Sum(even, odd);
    }

    /// <summary>Four dot products of one input with neighbouring rows; the four rows after them are asked for meanwhile.</summary>
    /// <param name="x">The input, packed.</param>
    /// <param name="elements">The first row.</param>
    /// <param name="scales">Its scales.</param>
    /// <param name="columns">A multiple of 32.</param>
    /// <param name="result">Four results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Four(float* x, sbyte* elements, float* scales, int columns, float* result)
    {
        int blocks = columns / Block;
        sbyte* w1 = elements + columns;
        sbyte* w2 = w1 + columns;
        sbyte* w3 = w2 + columns;
        nint ahead = 4 * (nint)columns;
        Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
        for (nint k = 0; k < columns; k += Block, scales++)
        {
            if (Sse.IsSupported && (k & 32) == 0)
            {
                Sse.Prefetch0(elements + k + ahead);
                Sse.Prefetch0(w1 + k + ahead);
                Sse.Prefetch0(w2 + k + ahead);
                Sse.Prefetch0(w3 + k + ahead);
            }

            Vector256<float> s0 = Vector256.Create(scales[0]);
            Vector256<float> s1 = Vector256.Create(scales[blocks]);
            Vector256<float> s2 = Vector256.Create(scales[2 * blocks]);
            Vector256<float> s3 = Vector256.Create(scales[3 * blocks]);
            for (nint i = k; i < k + Block; i += Lanes.Step)
            {
                Vector256<float> even = Vector256.Load(x + i);
                Vector256<float> odd = Vector256.Load(x + i + 8);
                e0 = Vector256.FusedMultiplyAdd(Load(elements + i, s0), even, e0);
                o0 = Vector256.FusedMultiplyAdd(Load(elements + i + 8, s0), odd, o0);
                e1 = Vector256.FusedMultiplyAdd(Load(w1 + i, s1), even, e1);
                o1 = Vector256.FusedMultiplyAdd(Load(w1 + i + 8, s1), odd, o1);
                e2 = Vector256.FusedMultiplyAdd(Load(w2 + i, s2), even, e2);
                o2 = Vector256.FusedMultiplyAdd(Load(w2 + i + 8, s2), odd, o2);
                e3 = Vector256.FusedMultiplyAdd(Load(w3 + i, s3), even, e3);
                o3 = Vector256.FusedMultiplyAdd(Load(w3 + i + 8, s3), odd, o3);
            }
        }

        result[0] = Lanes.Sum(e0, o0);
        result[1] = Lanes.Sum(e1, o1);
        result[2] = Lanes.Sum(e2, o2);
        result[3] = Lanes.Sum(e3, o3);
    }
}
