using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Attention of one query over the positions before it and its own, in binary32 over bfloat16 keys and values.</summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Computes one head.</summary>
    /// <param name="query">Packed, <paramref name="stride"/> elements.</param>
    /// <param name="keys">[positions, stride].</param>
    /// <param name="values">[positions, stride].</param>
    /// <param name="positions">How many positions are seen.</param>
    /// <param name="stride">The padded width of a head.</param>
    /// <param name="scale">Multiplies the products.</param>
    /// <param name="scores">Room for <paramref name="positions"/> floats, rounded up to a multiple of 8.</param>
    /// <param name="result">Packed, <paramref name="stride"/> elements, not rounded.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend(float* query, ushort* keys, ushort* values, int positions, int stride, float scale, float* scores, float* result)
    {
        float highest = float.NegativeInfinity;
        for (int p = 0; p < positions; p++)
        {
            float score = Lanes.Dot(query, keys + ((long)p * stride), stride) * scale;
            scores[p] = score;
            highest = MathF.Max(highest, score);
        }

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
        for (; column + 64 <= stride; column += 64)
        {
            Mix64(scores, values + column, positions, stride, share, result + column);
        }

        for (; column < stride; column += Lanes.Step)
        {
            Vector256<float> even = Vector256<float>.Zero;
            Vector256<float> odd = Vector256<float>.Zero;
            for (int p = 0; p < positions; p++)
            {
                Vector256<float> weight = Vector256.Create(scores[p]);
                Vector256<uint> pairs = Vector256.Load((uint*)(values + ((long)p * stride) + column));
                even = Vector256.FusedMultiplyAdd(Lanes.Even(pairs), weight, even);
                odd = Vector256.FusedMultiplyAdd(Lanes.Odd(pairs), weight, odd);
            }

            (even * share).Store(result + column);
            (odd * share).Store(result + column + 8);
        }
    }

    /// <summary>Sixty-four columns at once: the same sums as sixteen at a time, with four times as many under way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix64(float* weights, ushort* values, int positions, int stride, float share, float* result)
    {
        Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
        for (int p = 0; p < positions; p++)
        {
            Vector256<float> weight = Vector256.Create(weights[p]);
            uint* row = (uint*)(values + ((long)p * stride));
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
