using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Attention of one query over the positions before it and its own, in binary32 over bfloat16 keys and values.</summary>
internal static unsafe class AttentionKernel
{
    private const int PagePositions = Lane16Sequence.PagePositions;

    /// <summary>Computes one head.</summary>
    /// <param name="query">Packed, as wide as a row.</param>
    /// <param name="rows">Keys and values.</param>
    /// <param name="first">The first position that is seen.</param>
    /// <param name="end">The position after the last.</param>
    /// <param name="scale">Multiplies the products.</param>
    /// <param name="scores">Room for a float for each position seen, rounded up to a multiple of 8.</param>
    /// <param name="result">Packed, as wide as a row, not rounded.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* query, PagedRows rows, int first, int end, float scale, float* scores, float* result)
    {
        int positions = end - first;
        float highest = Score(query, rows, first, end, scale, scores);
        int padded = (positions + 7) & ~7;
        for (int p = positions; p < padded; p++)
        {
            scores[p] = float.NegativeInfinity;
        }

        Vector256<float> top = Vector256.Create(highest);
        Vector256<float> total = Vector256<float>.Zero;
        for (int p = 0; p < padded; p += 8)
        {
            Vector256<float> weight = Lanes.Exp(Vector256.Load(scores + p) - top);
            weight.Store(scores + p);
            total += weight;
        }

        float share = 1 / Lanes.Sum(total, Vector256<float>.Zero);
        int column = 0;
        for (; column + 64 <= rows.Stride; column += 64)
        {
            Mix64(scores - first, rows, column, first, end, share, result + column);
        }

        for (; column < rows.Stride; column += Lanes.Step)
        {
            Mix16(scores - first, rows, column, first, end, share, result + column);
        }
    }

    /// <summary>The scaled products of a query with each key, four at a time; gives the highest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Score(float* query, PagedRows rows, int first, int end, float scale, float* scores)
    {
        int stride = rows.Stride;
        float highest = float.NegativeInfinity;
        Vector128<float> highestOfFour = Vector128.Create(highest);
        for (int p = first; p < end;)
        {
            ushort* key = rows.Key(p);
            int stop = Math.Min(end, (p / PagePositions * PagePositions) + PagePositions);
            for (; p + 4 <= stop; p += 4, key += 4 * stride, scores += 4)
            {
                Vector128<float> four = Four(query, key, stride) * scale;
                four.Store(scores);
                highestOfFour = Vector128.Max(highestOfFour, four);
            }

            for (; p < stop; p++, key += stride, scores++)
            {
                *scores = Lanes.Dot(query, key, stride) * scale;
                highest = MathF.Max(highest, *scores);
            }
        }

        for (int i = 0; i < 4; i++)
        {
            highest = MathF.Max(highest, highestOfFour.GetElement(i));
        }

        return highest;
    }

    /// <summary>Four products with neighbouring keys, each with the bits of <see cref="Lanes.Dot"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four(float* query, ushort* key, int stride)
    {
        Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
        for (int k = 0; k < stride; k += Lanes.Step)
        {
            Vector256<float> even = Vector256.Load(query + k);
            Vector256<float> odd = Vector256.Load(query + k + 8);
            Vector256<uint> p0 = Vector256.Load((uint*)(key + k));
            e0 = Vector256.FusedMultiplyAdd(Lanes.Even(p0), even, e0);
            o0 = Vector256.FusedMultiplyAdd(Lanes.Odd(p0), odd, o0);
            Vector256<uint> p1 = Vector256.Load((uint*)(key + stride + k));
            e1 = Vector256.FusedMultiplyAdd(Lanes.Even(p1), even, e1);
            o1 = Vector256.FusedMultiplyAdd(Lanes.Odd(p1), odd, o1);
            Vector256<uint> p2 = Vector256.Load((uint*)(key + (2 * stride) + k));
            e2 = Vector256.FusedMultiplyAdd(Lanes.Even(p2), even, e2);
            o2 = Vector256.FusedMultiplyAdd(Lanes.Odd(p2), odd, o2);
            Vector256<uint> p3 = Vector256.Load((uint*)(key + (3 * stride) + k));
            e3 = Vector256.FusedMultiplyAdd(Lanes.Even(p3), even, e3);
            o3 = Vector256.FusedMultiplyAdd(Lanes.Odd(p3), odd, o3);
        }

        return Lanes.SumFours(Fold(e0, o0), Fold(e1, o1), Fold(e2, o2), Fold(e3, o3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector256<float> even, Vector256<float> odd)
    {
        Vector256<float> eight = even + odd;
        return eight.GetLower() + eight.GetUpper();
    }

    /// <summary>Sixteen columns of the mixed values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix16(float* weights, PagedRows rows, int column, int first, int end, float share, float* result)
    {
        Vector256<float> even = Vector256<float>.Zero;
        Vector256<float> odd = Vector256<float>.Zero;
        for (int p = first; p < end; p++)
        {
            Vector256<float> weight = Vector256.Create(weights[p]);
            Vector256<uint> pairs = Vector256.Load((uint*)(rows.Value(p) + column));
            even = Vector256.FusedMultiplyAdd(Lanes.Even(pairs), weight, even);
            odd = Vector256.FusedMultiplyAdd(Lanes.Odd(pairs), weight, odd);
        }

        (even * share).Store(result);
        (odd * share).Store(result + 8);
    }

    /// <summary>Sixty-four columns at once: the same sums as sixteen at a time, with four times as many under way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix64(float* weights, PagedRows rows, int column, int first, int end, float share, float* result)
    {
        Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
        for (int p = first; p < end;)
        {
            uint* row = (uint*)(rows.Value(p) + column);
            int stop = Math.Min(end, (p / PagePositions * PagePositions) + PagePositions);
            for (; p < stop; p++, row += rows.Stride / 2)
            {
                Vector256<float> weight = Vector256.Create(weights[p]);
                Vector256<uint> p0 = Vector256.Load(row);
                e0 = Vector256.FusedMultiplyAdd(Lanes.Even(p0), weight, e0);
                o0 = Vector256.FusedMultiplyAdd(Lanes.Odd(p0), weight, o0);
                Vector256<uint> p1 = Vector256.Load(row + 8);
                e1 = Vector256.FusedMultiplyAdd(Lanes.Even(p1), weight, e1);
                o1 = Vector256.FusedMultiplyAdd(Lanes.Odd(p1), weight, o1);
                Vector256<uint> p2 = Vector256.Load(row + 16);
                e2 = Vector256.FusedMultiplyAdd(Lanes.Even(p2), weight, e2);
                o2 = Vector256.FusedMultiplyAdd(Lanes.Odd(p2), weight, o2);
                Vector256<uint> p3 = Vector256.Load(row + 24);
                e3 = Vector256.FusedMultiplyAdd(Lanes.Even(p3), weight, e3);
                o3 = Vector256.FusedMultiplyAdd(Lanes.Odd(p3), weight, o3);
            }
        }

        (e0 * share).Store(result);
        (o0 * share).Store(result + 8);
        (e1 * share).Store(result + 16);
        (o1 * share).Store(result + 24);
        (e2 * share).Store(result + 32);
        (o2 * share).Store(result + 40);
        (e3 * share).Store(result + 48);
        (o3 * share).Store(result + 56);
    }
}
