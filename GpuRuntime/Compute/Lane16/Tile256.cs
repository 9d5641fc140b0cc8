using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Products of four inputs with three rows of weights in registers of 256 bits. The eight even accumulators of all twelve sums
/// are run through first, then the eight odd ones: twelve registers of sums either way, and each loaded value is used three or
/// four times. A sum's bits are those of <see cref="Lanes.Dot"/>.
/// </summary>
internal readonly unsafe struct Tile256 : ITile
{
    private const int Rows = 3;
    private const int Inputs = InputRows.Count;

    // Accumulators lie as [even or odd, rows, inputs, 8].
    private const int Plane = Rows * Inputs * 8;

    /// <inheritdoc/>
    static int ITile.Rows => Rows;

    // A panel has the even elements of the first sixteen columns of each row, of the next sixteen, and so on; then the odd ones.

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(ushort* rows, int count, int stride, float* panel)
    {
        long plane = (long)stride / 2 * Rows;
        for (int row = 0; row < Rows; row++, panel += 8, rows += stride)
        {
            float* to = panel;
            if (row >= count)
            {
                for (int k = 0; k < stride; k += Lanes.Step, to += Rows * 8)
                {
                    Vector256<float>.Zero.Store(to);
                    Vector256<float>.Zero.Store(to + plane);
                }

                continue;
            }

            for (int k = 0; k < stride; k += Lanes.Step, to += Rows * 8)
            {
                Vector256<uint> pairs = Vector256.Load((uint*)(rows + k));
                Lanes.Even(pairs).Store(to);
                Lanes.Odd(pairs).Store(to + plane);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void UnpackBlocks(sbyte* rows, float* scales, int count, int stride, float* panel)
    {
        long plane = (long)stride / 2 * Rows;
        for (int row = 0; row < Rows; row++, panel += 8, rows += stride, scales += stride / Quantization.BlockElements)
        {
            float* to = panel;
            for (int k = 0; k < stride; k += Lanes.Step, to += Rows * 8)
            {
                // An absent row has the scale 0 and reads the first row's elements.
                sbyte* from = row < count ? rows + k : rows - ((long)row * stride) + k;
                Vector256<float> scale = Vector256.Create(row < count ? scales[k / Quantization.BlockElements] : 0);
                Q8Rows.Load(from, scale).Store(to);
                Q8Rows.Load(from + 8, scale).Store(to + plane);
            }
        }
    }

    /// <inheritdoc/>
    public static void Accumulate(float* panel, int stride, InputRows inputs, int start, int columns, float* sums, float* results)
    {
        float* even = panel + ((long)start / 2 * Rows);
        Run(even, inputs.At(start), columns, start == 0, sums);
        Run(even + ((long)stride / 2 * Rows), inputs.At(start + 8), columns, start == 0, sums + Plane);
        if (start + columns == stride)
        {
            for (int row = 0; row < Rows; row++)
            {
                Reduce(sums + (row * Inputs * 8), sums + Plane + (row * Inputs * 8)).Store(results + (row * Inputs));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run(float* panel, InputRows inputs, int columns, bool first, float* sums)
    {
        float* x0 = inputs.Row0;
        float* x1 = inputs.Row1;
        float* x2 = inputs.Row2;
        float* x3 = inputs.Row3;
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0;
        Vector256<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        Vector256<float> c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        if (!first)
        {
            (a0, a1, a2, a3) = (Vector256.Load(sums), Vector256.Load(sums + 8), Vector256.Load(sums + 16), Vector256.Load(sums + 24));
            (b0, b1, b2, b3) = (Vector256.Load(sums + 32), Vector256.Load(sums + 40), Vector256.Load(sums + 48), Vector256.Load(sums + 56));
            (c0, c1, c2, c3) = (Vector256.Load(sums + 64), Vector256.Load(sums + 72), Vector256.Load(sums + 80), Vector256.Load(sums + 88));
        }

        for (nint at = 0; at < columns; at += Lanes.Step, panel += Rows * 8)
        {
            Vector256<float> w0 = Vector256.Load(panel);
            Vector256<float> w1 = Vector256.Load(panel + 8);
            Vector256<float> w2 = Vector256.Load(panel + 16);
            Vector256<float> x = Vector256.Load(x0 + at);
            a0 = Vector256.FusedMultiplyAdd(w0, x, a0);
            b0 = Vector256.FusedMultiplyAdd(w1, x, b0);
            c0 = Vector256.FusedMultiplyAdd(w2, x, c0);
            x = Vector256.Load(x1 + at);
            a1 = Vector256.FusedMultiplyAdd(w0, x, a1);
            b1 = Vector256.FusedMultiplyAdd(w1, x, b1);
            c1 = Vector256.FusedMultiplyAdd(w2, x, c1);
            x = Vector256.Load(x2 + at);
            a2 = Vector256.FusedMultiplyAdd(w0, x, a2);
            b2 = Vector256.FusedMultiplyAdd(w1, x, b2);
            c2 = Vector256.FusedMultiplyAdd(w2, x, c2);
            x = Vector256.Load(x3 + at);
            a3 = Vector256.FusedMultiplyAdd(w0, x, a3);
            b3 = Vector256.FusedMultiplyAdd(w1, x, b3);
            c3 = Vector256.FusedMultiplyAdd(w2, x, c3);
        }

        a0.Store(sums);
        a1.Store(sums + 8);
        a2.Store(sums + 16);
        a3.Store(sums + 24);
        b0.Store(sums + 32);
        b1.Store(sums + 40);
        b2.Store(sums + 48);
        b3.Store(sums + 56);
        c0.Store(sums + 64);
        c1.Store(sums + 72);
        c2.Store(sums + 80);
        c3.Store(sums + 88);
    }

    /// <summary>The tree of <see cref="Lanes.Sum"/> for four sums at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Reduce(float* even, float* odd)
    {
        Vector128<float> a = Fold(even, odd);
        Vector128<float> b = Fold(even + 8, odd + 8);
        Vector128<float> c = Fold(even + 16, odd + 16);
        Vector128<float> d = Fold(even + 24, odd + 24);
        return Lanes.SumFours(a, b, c, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(float* even, float* odd)
    {
        Vector256<float> eight = Vector256.Load(even) + Vector256.Load(odd);
        return eight.GetLower() + eight.GetUpper();
    }
}
