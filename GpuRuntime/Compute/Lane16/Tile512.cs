using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Products of four inputs with six rows of weights in registers of 512 bits: one register holds a sum's sixteen accumulators,
/// so that the bits are those of <see cref="Tile256"/>.
/// </summary>
internal readonly unsafe struct Tile512 : ITile
{
    private const int Rows = 6;
    private const int Inputs = InputRows.Count;

    /// <inheritdoc/>
    static int ITile.Rows => Rows;

    // A panel has the first sixteen columns of each row, packed, then the next sixteen; accumulators lie as [rows, inputs, 16].

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack(ushort* rows, int count, int stride, float* panel)
    {
        for (int row = 0; row < Rows; row++, panel += Lanes.Step, rows += stride)
        {
            float* to = panel;
            for (int k = 0; k < stride; k += Lanes.Step, to += Rows * Lanes.Step)
            {
                Vector256<uint> pairs = row < count ? Vector256.Load((uint*)(rows + k)) : Vector256<uint>.Zero;
                Lanes.Even(pairs).Store(to);
                Lanes.Odd(pairs).Store(to + 8);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void UnpackBlocks(sbyte* rows, float* scales, int count, int stride, float* panel)
    {
        for (int row = 0; row < Rows; row++, panel += Lanes.Step, rows += stride, scales += stride / Quantization.BlockElements)
        {
            float* to = panel;
            for (int k = 0; k < stride; k += Lanes.Step, to += Rows * Lanes.Step)
            {
                // An absent row has the scale 0 and reads the first row's elements.
                sbyte* from = row < count ? rows + k : rows - ((long)row * stride) + k;
                Vector256<float> scale = Vector256.Create(row < count ? scales[k / Quantization.BlockElements] : 0);
                Q8Rows.Load(from, scale).Store(to);
                Q8Rows.Load(from + 8, scale).Store(to + 8);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(float* panel, int stride, InputRows inputs, int start, int columns, float* sums, float* results)
    {
        panel += (long)start * Rows;
        float* x0 = inputs.Row0 + start;
        float* x1 = inputs.Row1 + start;
        float* x2 = inputs.Row2 + start;
        float* x3 = inputs.Row3 + start;
        Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, a2 = a0, a3 = a0;
        Vector512<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        Vector512<float> c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        Vector512<float> d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        Vector512<float> e0 = a0, e1 = a0, e2 = a0, e3 = a0;
        Vector512<float> f0 = a0, f1 = a0, f2 = a0, f3 = a0;
        if (start > 0)
        {
            (a0, a1, a2, a3) = (Vector512.Load(sums), Vector512.Load(sums + 16), Vector512.Load(sums + 32), Vector512.Load(sums + 48));
            (b0, b1, b2, b3) = (Vector512.Load(sums + 64), Vector512.Load(sums + 80), Vector512.Load(sums + 96), Vector512.Load(sums + 112));
            (c0, c1, c2, c3) = (Vector512.Load(sums + 128), Vector512.Load(sums + 144), Vector512.Load(sums + 160), Vector512.Load(sums + 176));
            (d0, d1, d2, d3) = (Vector512.Load(sums + 192), Vector512.Load(sums + 208), Vector512.Load(sums + 224), Vector512.Load(sums + 240));
            (e0, e1, e2, e3) = (Vector512.Load(sums + 256), Vector512.Load(sums + 272), Vector512.Load(sums + 288), Vector512.Load(sums + 304));
            (f0, f1, f2, f3) = (Vector512.Load(sums + 320), Vector512.Load(sums + 336), Vector512.Load(sums + 352), Vector512.Load(sums + 368));
        }

        for (nint at = 0; at < columns; at += Lanes.Step, panel += Rows * Lanes.Step)
        {
            Vector512<float> w0 = Vector512.Load(panel);
            Vector512<float> w1 = Vector512.Load(panel + 16);
            Vector512<float> w2 = Vector512.Load(panel + 32);
            Vector512<float> w3 = Vector512.Load(panel + 48);
            Vector512<float> w4 = Vector512.Load(panel + 64);
            Vector512<float> w5 = Vector512.Load(panel + 80);
            Vector512<float> x = Vector512.Load(x0 + at);
            a0 = Vector512.FusedMultiplyAdd(w0, x, a0);
            b0 = Vector512.FusedMultiplyAdd(w1, x, b0);
            c0 = Vector512.FusedMultiplyAdd(w2, x, c0);
            d0 = Vector512.FusedMultiplyAdd(w3, x, d0);
            e0 = Vector512.FusedMultiplyAdd(w4, x, e0);
            f0 = Vector512.FusedMultiplyAdd(w5, x, f0);
            x = Vector512.Load(x1 + at);
            a1 = Vector512.FusedMultiplyAdd(w0, x, a1);
            b1 = Vector512.FusedMultiplyAdd(w1, x, b1);
            c1 = Vector512.FusedMultiplyAdd(w2, x, c1);
            d1 = Vector512.FusedMultiplyAdd(w3, x, d1);
            e1 = Vector512.FusedMultiplyAdd(w4, x, e1);
            f1 = Vector512.FusedMultiplyAdd(w5, x, f1);
            x = Vector512.Load(x2 + at);
            a2 = Vector512.FusedMultiplyAdd(w0, x, a2);
            b2 = Vector512.FusedMultiplyAdd(w1, x, b2);
            c2 = Vector512.FusedMultiplyAdd(w2, x, c2);
            d2 = Vector512.FusedMultiplyAdd(w3, x, d2);
            e2 = Vector512.FusedMultiplyAdd(w4, x, e2);
            f2 = Vector512.FusedMultiplyAdd(w5, x, f2);
            x = Vector512.Load(x3 + at);
            a3 = Vector512.FusedMultiplyAdd(w0, x, a3);
            b3 = Vector512.FusedMultiplyAdd(w1, x, b3);
            c3 = Vector512.FusedMultiplyAdd(w2, x, c3);
            d3 = Vector512.FusedMultiplyAdd(w3, x, d3);
            e3 = Vector512.FusedMultiplyAdd(w4, x, e3);
            f3 = Vector512.FusedMultiplyAdd(w5, x, f3);
        }

        if (start + columns == stride)
        {
            Sum(a0, a1, a2, a3).Store(results);
            Sum(b0, b1, b2, b3).Store(results + 4);
            Sum(c0, c1, c2, c3).Store(results + 8);
            Sum(d0, d1, d2, d3).Store(results + 12);
            Sum(e0, e1, e2, e3).Store(results + 16);
            Sum(f0, f1, f2, f3).Store(results + 20);
            return;
        }

        a0.Store(sums);
        a1.Store(sums + 16);
        a2.Store(sums + 32);
        a3.Store(sums + 48);
        b0.Store(sums + 64);
        b1.Store(sums + 80);
        b2.Store(sums + 96);
        b3.Store(sums + 112);
        c0.Store(sums + 128);
        c1.Store(sums + 144);
        c2.Store(sums + 160);
        c3.Store(sums + 176);
        d0.Store(sums + 192);
        d1.Store(sums + 208);
        d2.Store(sums + 224);
        d3.Store(sums + 240);
        e0.Store(sums + 256);
        e1.Store(sums + 272);
        e2.Store(sums + 288);
        e3.Store(sums + 304);
        f0.Store(sums + 320);
        f1.Store(sums + 336);
        f2.Store(sums + 352);
        f3.Store(sums + 368);
    }

    /// <summary>The tree of <see cref="Lanes.Sum"/> for the accumulators of four sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sum(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        if (!Avx512F.IsSupported)
        {
            return Lanes.SumFours(Fold(a), Fold(b), Fold(c), Fold(d));
        }

        // Even to odd neighbours of two sums, then halves of all four, each sum in a quarter of the register.
        Vector512<float> ab = Avx512F.Shuffle4x128(a, b, 0b01_00_01_00) + Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);
        Vector512<float> cd = Avx512F.Shuffle4x128(c, d, 0b01_00_01_00) + Avx512F.Shuffle4x128(c, d, 0b11_10_11_10);
        Vector512<float> four = Avx512F.Shuffle4x128(ab, cd, 0b10_00_10_00) + Avx512F.Shuffle4x128(ab, cd, 0b11_01_11_01);
        Vector512<float> two = four + Avx512F.Permute4x32(four, 0b01_00_11_10);
        Vector512<float> one = two + Avx512F.Permute4x32(two, 0b10_11_00_01);
        return Avx512F.PermuteVar16x32(one, Vector512.Create(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12)).GetLower().GetLower();
    }

    private static Vector128<float> Fold(Vector512<float> sum)
    {
        Vector256<float> eight = sum.GetLower() + sum.GetUpper();
        return eight.GetLower() + eight.GetUpper();
    }
}
