using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Numerics;

/// <summary>What the profile bf16-lane16/2 does between products, each to the last bit. Only operations that IEEE 754 rounds exactly take part.</summary>
public static class Lane16Math
{
    /// <summary>
    /// The exponential of eight values: reduction by ln 2 in two parts, a polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2] with the
    /// coefficients of the Cephes library's expf, and scaling by the exponent. Below -87.3 it is 0, above 88 it stays there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        Vector256<float> bounded = Vector256.Min(Vector256.Max(x, Vector256.Create(-87.3f)), Vector256.Create(88f));
        Vector256<float> n = Vector256.Floor(Vector256.FusedMultiplyAdd(bounded, Vector256.Create(1.44269504f), Vector256.Create(0.5f)));
        Vector256<float> r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.693359375f), bounded);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(2.12194440e-4f), r);
        Vector256<float> p = Vector256.Create(1.9875691500e-4f);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.3981999507e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(8.3334519073e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(4.1665795894e-2f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.6666665459e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(5.0000001201e-1f));
        p = Vector256.FusedMultiplyAdd(p, r * r, r) + Vector256<float>.One;
        Vector256<float> power = ((Vector256.ConvertToInt32(n) + Vector256.Create(127)) << 23).AsSingle();
        Vector256<float> result = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(-87.3f)), Vector256<float>.Zero, p * power);
        return Vector256.ConditionalSelect(Vector256.IsNaN(x), x, result);
    }

    /// <summary>RMSNorm: x / sqrt(mean of squares + epsilon) times the weight, rounded to bfloat16. Squares have eight accumulators; those beyond a multiple of eight are added one by one.</summary>
    /// <param name="input">The stream or a head, bfloat16 held as binary32.</param>
    /// <param name="weight">As long.</param>
    /// <param name="epsilon">Rounded to binary32 before it is added.</param>
    /// <param name="output">As long; may be the input.</param>
    public static void Norm(ReadOnlySpan<float> input, ReadOnlySpan<float> weight, float epsilon, Span<float> output)
    {
        Span<float> lanes = stackalloc float[8];
        lanes.Clear();
        int whole = input.Length / 8 * 8;
        for (int i = 0; i < whole; i++)
        {
            lanes[i & 7] = MathF.FusedMultiplyAdd(input[i], input[i], lanes[i & 7]);
        }

        float sum = Lane16Dot.Sum8(lanes);
        for (int i = whole; i < input.Length; i++)
        {
            sum = MathF.FusedMultiplyAdd(input[i], input[i], sum);
        }

        float scale = 1 / MathF.Sqrt((sum / input.Length) + epsilon);
        for (int i = 0; i < input.Length; i++)
        {
            output[i] = BFloat16.Round(input[i] * scale * weight[i]);
        }
    }

    /// <summary>Turns a head by its position, in place and not rounded: element i with element i + half.</summary>
    /// <param name="head">Of even width.</param>
    /// <param name="cosines">Half as many.</param>
    /// <param name="sines">Half as many.</param>
    public static void Turn(Span<float> head, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines)
    {
        int half = head.Length / 2;
        for (int i = 0; i < half; i++)
        {
            (float first, float second) = (head[i], head[i + half]);
            head[i] = (first * cosines[i]) - (second * sines[i]);
            head[i + half] = (second * cosines[i]) + (first * sines[i]);
        }
    }

    /// <summary>SwiGLU: gate / (1 + e^-gate), rounded to bfloat16, times up, rounded to bfloat16.</summary>
    /// <param name="gate">bfloat16 held as binary32.</param>
    /// <param name="up">As long.</param>
    /// <param name="output">As long.</param>
    public static void Activate(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> output)
    {
        Span<float> eight = stackalloc float[8];
        for (int i = 0; i < gate.Length; i += 8)
        {
            int count = Math.Min(8, gate.Length - i);
            gate.Slice(i, count).CopyTo(eight);
            Vector256<float> g = Vector256.Create<float>(eight);
            (g / (Vector256<float>.One + Exp(-g))).CopyTo(eight);
            for (int k = 0; k < count; k++)
            {
                output[i + k] = BFloat16.Round(BFloat16.Round(eight[k]) * up[i + k]);
            }
        }
    }

    /// <summary>Adds a product to the stream, rounded to bfloat16, in place.</summary>
    public static void Add(Span<float> stream, ReadOnlySpan<ushort> product)
    {
        for (int i = 0; i < stream.Length; i++)
        {
            stream[i] = BFloat16.Round(stream[i] + BFloat16.ToSingle(product[i]));
        }
    }

    /// <summary>One head's attention over the positions that it sees, not rounded.</summary>
    /// <param name="query">bfloat16 held as binary32.</param>
    /// <param name="keys">[positions, width], bfloat16 bits.</param>
    /// <param name="values">[positions, width], bfloat16 bits.</param>
    /// <param name="output">As wide as the query.</param>
    public static void Attend(ReadOnlySpan<float> query, ReadOnlySpan<ushort> keys, ReadOnlySpan<ushort> values, Span<float> output)
    {
        int width = query.Length;
        int positions = keys.Length / width;
        float[] scores = new float[(positions + 7) / 8 * 8];
        Array.Fill(scores, float.NegativeInfinity);
        float scale = 1 / MathF.Sqrt(width);
        float highest = float.NegativeInfinity;
        for (int p = 0; p < positions; p++)
        {
            scores[p] = Lane16Dot.Compute(keys.Slice(p * width, width), query) * scale;
            highest = MathF.Max(highest, scores[p]);
        }

        Vector256<float> total = Vector256<float>.Zero;
        for (int p = 0; p < scores.Length; p += 8)
        {
            Vector256<float> weight = Exp(Vector256.Create<float>(scores.AsSpan(p, 8)) - Vector256.Create(highest));
            weight.CopyTo(scores, p);
            total += weight;
        }

        Span<float> lanes = stackalloc float[8];
        total.CopyTo(lanes);
        float share = 1 / Lane16Dot.Sum8(lanes);
        output.Clear();
        for (int p = 0; p < positions; p++)
        {
            Mix(values.Slice(p * width, width), scores[p], output);
        }

        for (int i = 0; i < width; i++)
        {
            output[i] *= share;
        }
    }

    private static void Mix(ReadOnlySpan<ushort> value, float weight, Span<float> output)
    {
        int i = 0;
        for (; i + 16 <= value.Length; i += 16)
        {
            (Vector256<uint> a, Vector256<uint> b) = Vector256.Widen(Vector256.Create(value[i..]));
            Vector256.FusedMultiplyAdd((a << 16).AsSingle(), Vector256.Create(weight), Vector256.Create<float>(output[i..])).CopyTo(output[i..]);
            Vector256.FusedMultiplyAdd((b << 16).AsSingle(), Vector256.Create(weight), Vector256.Create<float>(output[(i + 8)..])).CopyTo(output[(i + 8)..]);
        }

        for (; i < value.Length; i++)
        {
            output[i] = MathF.FusedMultiplyAdd(BFloat16.ToSingle(value[i]), weight, output[i]);
        }
    }
}
