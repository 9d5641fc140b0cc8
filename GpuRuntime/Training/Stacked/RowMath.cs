using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// What a Llama does between its products, on numbers that lie as [features, tokens]: sixteen tokens are one register, and sums over features
/// add registers. The number of tokens is a multiple of 16, that of features of 4.
/// </summary>
internal static unsafe class RowMath
{
    private const int Lanes = 16;

    /// <summary>e to the x, within two units of the last place; what would be below the smallest normal number is about that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // Cephes expf: x = n ln 2 + r with ln 2 in two parts, a polynomial in r, and n added to the exponent. Adding and taking away a large number
        // rounds to n, which then is also in that sum's last bits. A NaN stays one.
        x = Vector512.MinNative(Vector512.Create(88f), Vector512.MaxNative(Vector512.Create(-87f), x));
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), Vector512.Create(12_582_912f));
        Vector512<float> n = shifted - Vector512.Create(12_582_912f);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512.Create(1f);
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }

    /// <summary>y = x / rms(x) * weight.</summary>
    /// <param name="x">[features, tokens].</param>
    /// <param name="weight">[features].</param>
    /// <param name="y">[features, tokens].</param>
    /// <param name="inverses">[tokens], filled with 1 / rms(x).</param>
    /// <param name="features">Features.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Norm(float* x, float* weight, float* y, float* inverses, int features, int tokens, float epsilon)
    {
        for (int t = 0; t < tokens; t += Lanes)
        {
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            float* from = x + t;
            for (int f = 0; f < features; f += 4, from += 4 * tokens)
            {
                Vector512<float> x0 = Vector512.Load(from), x1 = Vector512.Load(from + tokens);
                Vector512<float> x2 = Vector512.Load(from + (2 * tokens)), x3 = Vector512.Load(from + (3 * tokens));
                s0 = Vector512.FusedMultiplyAdd(x0, x0, s0);
                s1 = Vector512.FusedMultiplyAdd(x1, x1, s1);
                s2 = Vector512.FusedMultiplyAdd(x2, x2, s2);
                s3 = Vector512.FusedMultiplyAdd(x3, x3, s3);
            }

            Vector512<float> mean = (s0 + s1 + (s2 + s3)) / Vector512.Create((float)features);
            Vector512<float> inverse = Vector512.Create(1f) / Vector512.Sqrt(mean + Vector512.Create(epsilon));
            inverse.Store(inverses + t);
            for (int f = 0; f < features; f++)
            {
                (Vector512.Load(x + ((nint)f * tokens) + t) * inverse * weight[f]).Store(y + ((nint)f * tokens) + t);
            }
        }
    }

    /// <summary>Adds what comes back through <see cref="Norm"/> to a gradient.</summary>
    /// <param name="x">What went in.</param>
    /// <param name="weight">[features].</param>
    /// <param name="inverses">Of the way there.</param>
    /// <param name="dy">The gradient of what came out.</param>
    /// <param name="dx">The gradient of what went in, added to.</param>
    /// <param name="dWeight">[features], added to.</param>
    /// <param name="features">Features.</param>
    /// <param name="tokens">Tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void NormBack(float* x, float* weight, float* inverses, float* dy, float* dx, float* dWeight, int features, int tokens)
    {
        for (int t = 0; t < tokens; t += Lanes)
        {
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            float* from = x + t;
            float* back = dy + t;
            for (int f = 0; f < features; f += 4, from += 4 * tokens, back += 4 * tokens)
            {
                s0 = Vector512.FusedMultiplyAdd(Vector512.Load(from) * weight[f], Vector512.Load(back), s0);
                s1 = Vector512.FusedMultiplyAdd(Vector512.Load(from + tokens) * weight[f + 1], Vector512.Load(back + tokens), s1);
                s2 = Vector512.FusedMultiplyAdd(Vector512.Load(from + (2 * tokens)) * weight[f + 2], Vector512.Load(back + (2 * tokens)), s2);
                s3 = Vector512.FusedMultiplyAdd(Vector512.Load(from + (3 * tokens)) * weight[f + 3], Vector512.Load(back + (3 * tokens)), s3);
            }

            Vector512<float> inverse = Vector512.Load(inverses + t);
            Vector512<float> pull = (s0 + s1 + (s2 + s3)) * inverse * inverse * inverse / Vector512.Create((float)features);
            for (int f = 0; f < features; f++)
            {
                nint at = ((nint)f * tokens) + t;
                Vector512<float> change = (Vector512.Load(dy + at) * inverse * weight[f]) - (Vector512.Load(x + at) * pull);
                (Vector512.Load(dx + at) + change).Store(dx + at);
            }
        }

        for (int f = 0; f < features; f++)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int t = 0; t < tokens; t += Lanes)
            {
                nint at = ((nint)f * tokens) + t;
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + at) * Vector512.Load(inverses + t), Vector512.Load(dy + at), sum);
            }

            dWeight[f] += Vector512.Sum(sum);
        }
    }

    /// <summary>Turns the two halves of each head by the angles of the tokens' places, or back.</summary>
    /// <param name="x">[heads, 2 * half, tokens].</param>
    /// <param name="cos">[half, tokens].</param>
    /// <param name="sin">[half, tokens].</param>
    /// <param name="heads">Heads.</param>
    /// <param name="half">Half a head's size.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="back">Whether back.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* x, float* cos, float* sin, int heads, int half, int tokens, bool back)
    {
        nint size = (nint)half * tokens;
        for (int head = 0; head < heads; head++, x += 2 * size)
        {
            for (nint i = 0; i < size; i += Lanes)
            {
                Vector512<float> c = Vector512.Load(cos + i), s = Vector512.Load(sin + i);
                Vector512<float> low = Vector512.Load(x + i), high = Vector512.Load(x + size + i);
                s = back ? -s : s;
                ((low * c) - (high * s)).Store(x + i);
                ((high * c) + (low * s)).Store(x + size + i);
            }
        }
    }

    /// <summary>Makes scores into shares over the keys up to each query's place.</summary>
    /// <param name="scores">[keys, queries], as many as tokens.</param>
    /// <param name="scale">Of the scores; above 0.</param>
    /// <param name="tokens">Tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* scores, int tokens, float scale)
    {
        Vector512<int> lanes = Vector512<int>.Indices;
        for (int t = 0; t < tokens; t += Lanes)
        {
            float* column = scores + t;
            Vector512<float> greatest = Vector512.Create(float.NegativeInfinity);
            for (int key = 0; key < t; key++)
            {
                greatest = Vector512.MaxNative(greatest, Vector512.Load(column + ((nint)key * tokens)));
            }

            for (int key = t; key < t + Lanes; key++)
            {
                Vector512<float> seen = Vector512.GreaterThanOrEqual(lanes, Vector512.Create(key - t)).AsSingle();
                Vector512<float> score = Vector512.Load(column + ((nint)key * tokens));
                greatest = Vector512.MaxNative(greatest, Vector512.ConditionalSelect(seen, score, Vector512.Create(float.NegativeInfinity)));
            }

            Vector512<float> sum = Vector512<float>.Zero;
            for (int key = 0; key < t + Lanes; key++)
            {
                float* at = column + ((nint)key * tokens);
                Vector512<float> share = Exp((Vector512.Load(at) - greatest) * scale);
                share = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(lanes, Vector512.Create(key - t)).AsSingle(), share, Vector512<float>.Zero);
                share.Store(at);
                sum += share;
            }

            Vector512<float> inverse = Vector512.Create(1f) / sum;
            for (int key = 0; key < t + Lanes; key++)
            {
                float* at = column + ((nint)key * tokens);
                (Vector512.Load(at) * inverse).Store(at);
            }

            for (int key = t + Lanes; key < tokens; key++)
            {
                Vector512<float>.Zero.Store(column + ((nint)key * tokens));
            }
        }
    }

    /// <summary>Makes the gradient of shares into that of the scores before the scale.</summary>
    /// <param name="shares">[keys, queries].</param>
    /// <param name="gradient">[keys, queries].</param>
    /// <param name="scale">Of <see cref="Softmax"/>.</param>
    /// <param name="tokens">Tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftmaxBack(float* shares, float* gradient, int tokens, float scale)
    {
        for (int t = 0; t < tokens; t += Lanes)
        {
            int keys = t + Lanes;
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0;
            for (int key = 0; key < keys; key += 2)
            {
                nint at = ((nint)key * tokens) + t;
                s0 = Vector512.FusedMultiplyAdd(Vector512.Load(shares + at), Vector512.Load(gradient + at), s0);
                s1 = Vector512.FusedMultiplyAdd(Vector512.Load(shares + at + tokens), Vector512.Load(gradient + at + tokens), s1);
            }

            Vector512<float> mean = s0 + s1;
            for (int key = 0; key < tokens; key++)
            {
                nint at = ((nint)key * tokens) + t;
                Vector512<float> value = key < keys ? Vector512.Load(shares + at) * (Vector512.Load(gradient + at) - mean) * scale : Vector512<float>.Zero;
                value.Store(gradient + at);
            }
        }
    }

    /// <summary>result = gate * sigmoid(gate) * up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gate(float* gate, float* up, float* result, int count)
    {
        for (nint i = 0; i < count; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            (g / (Vector512.Create(1f) + Exp(-g)) * Vector512.Load(up + i)).Store(result + i);
        }
    }

    /// <summary>The gradients of gate and up from that of the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GateBack(float* gate, float* up, float* dResult, float* dGate, float* dUp, int count)
    {
        Vector512<float> one = Vector512.Create(1f);
        for (nint i = 0; i < count; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gate + i), d = Vector512.Load(dResult + i);
            Vector512<float> open = one / (one + Exp(-g));
            (d * Vector512.Load(up + i) * open * (one + (g * (one - open)))).Store(dGate + i);
            (d * g * open).Store(dUp + i);
        }
    }

    /// <summary>The losses of the next tokens.</summary>
    /// <param name="logits">[vocabulary, tokens]; becomes the gradient of the summed losses if that is wanted.</param>
    /// <param name="targets">One for each real token; what follows them is padding.</param>
    /// <param name="losses">As many, filled.</param>
    /// <param name="vocabulary">Tokens of the vocabulary.</param>
    /// <param name="tokens">Tokens, with padding.</param>
    /// <param name="learns">Whether the gradient is wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CrossEntropy(float* logits, ReadOnlySpan<long> targets, Span<float> losses, int vocabulary, int tokens, bool learns)
    {
        float* sums = stackalloc float[2 * Lanes];
        for (int t = 0; t < tokens; t += Lanes)
        {
            Vector512<float> greatest = Vector512.Load(logits + t), sum = Vector512<float>.Zero;
            for (int v = 1; v < vocabulary; v++)
            {
                greatest = Vector512.MaxNative(greatest, Vector512.Load(logits + ((nint)v * tokens) + t));
            }

            for (int v = 0; v < vocabulary; v++)
            {
                sum += Exp(Vector512.Load(logits + ((nint)v * tokens) + t) - greatest);
            }

            sum.Store(sums);
            greatest.Store(sums + Lanes);
            int real = Math.Clamp(targets.Length - t, 0, Lanes);
            for (int i = 0; i < real; i++)
            {
                losses[t + i] = (float)(Math.Log(sums[i]) + ((double)sums[Lanes + i] - logits[((nint)targets[t + i] * tokens) + t + i]));
            }

            if (!learns)
            {
                continue;
            }

            Vector512<float> isReal = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(real)).AsSingle();
            Vector512<float> inverse = Vector512.ConditionalSelect(isReal, Vector512.Create(1f) / sum, Vector512<float>.Zero);
            for (int v = 0; v < vocabulary; v++)
            {
                float* at = logits + ((nint)v * tokens) + t;
                (Exp(Vector512.Load(at) - greatest) * inverse).Store(at);
            }

            for (int i = 0; i < real; i++)
            {
                logits[((nint)targets[t + i] * tokens) + t + i] -= 1;
            }
        }
    }

    /// <summary>to = from, transposed.</summary>
    /// <param name="from">[rows, columns].</param>
    /// <param name="to">[columns, rows].</param>
    /// <param name="rows">A multiple of 4.</param>
    /// <param name="columns">A multiple of 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, float* to, int rows, int columns)
    {
        for (int row = 0; row < rows; row += 4)
        {
            for (int column = 0; column < columns; column += 4)
            {
                float* x = from + ((nint)row * columns) + column;
                float* y = to + ((nint)column * rows) + row;
                if (Sse.IsSupported)
                {
                    Vector128<float> a = Vector128.Load(x), b = Vector128.Load(x + columns), c = Vector128.Load(x + (2 * columns)), d = Vector128.Load(x + (3 * columns));
                    Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
                    Sse.MoveLowToHigh(ab, cd).Store(y);
                    Sse.MoveHighToLow(cd, ab).Store(y + rows);
                    Sse.MoveLowToHigh(abHigh, cdHigh).Store(y + (2 * rows));
                    Sse.MoveHighToLow(cdHigh, abHigh).Store(y + (3 * rows));
                    continue;
                }

                for (int i = 0; i < 16; i++)
                {
                    y[(i % 4 * rows) + (i / 4)] = x[(i / 4 * columns) + (i % 4)];
                }
            }
        }
    }

    /// <summary>to += x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* to, float* x, int count)
    {
        for (nint i = 0; i < count; i += Lanes)
        {
            (Vector512.Load(to + i) + Vector512.Load(x + i)).Store(to + i);
        }
    }

    /// <summary>The sum of squares.</summary>
    /// <param name="x">Numbers.</param>
    /// <param name="count">A multiple of 16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SumOfSquares(float* x, int count)
    {
        Vector512<float> even = Vector512<float>.Zero, odd = even;
        nint i = 0;
        for (; i + (2 * Lanes) <= count; i += 2 * Lanes)
        {
            Vector512<float> a = Vector512.Load(x + i), b = Vector512.Load(x + i + Lanes);
            even = Vector512.FusedMultiplyAdd(a, a, even);
            odd = Vector512.FusedMultiplyAdd(b, b, odd);
        }

        if (i < count)
        {
            Vector512<float> a = Vector512.Load(x + i);
            even = Vector512.FusedMultiplyAdd(a, a, even);
        }

        return Vector512.Sum(even + odd);
    }
}
