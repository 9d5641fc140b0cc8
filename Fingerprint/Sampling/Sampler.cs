using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Sampling;

/// <summary>
/// Draws a token as a pure function of the f32 logits, the parameters, the seed and the step, in integers: whoever holds those
/// recomputes the token exactly. The draw is the Gumbel-max form: the token whose scaled logit plus its own Gumbel noise is
/// greatest, ties to the lowest id.
/// </summary>
public static class Sampler
{
    // Differences of logits are taken in units of 2^-24 and end here (65,536): far beyond what any draw can reach.
    internal const int LogitBits = 24;
    internal const long MaximumDistance = 1L << 40;
    private const int ToFixed = FixedPoint.Bits - LogitBits;

    // Noise grows with its uniform number; s_reach[k] is the largest uniform number whose noise stays below k/4, less a margin for
    // the table's last bits. A token further behind the best than that cannot win, and its logarithms need not be taken.
    private const int ReachSteps = 4 * 32;
    private const long ReachMargin = 1L << 28;

    // Above 1 - 2^-20 the logarithm is its first term: the second is below the last bit.
    private const ulong NearOne = 1UL << 44;
    private static readonly long s_ln2Of64 = FixedPoint.Ln(1UL << 32) * 2;
    private static readonly long s_ln2OfUnit = FixedPoint.Ln(1UL << FixedPoint.Bits);
    private static readonly ulong[] s_reach = MakeReach();

    /// <summary>Draws one token from the logits alone; the parameters have no penalties.</summary>
    /// <param name="logits">One f32 per vocabulary id; negative infinity is never drawn.</param>
    /// <param name="parameters">In range (<see cref="SamplingParameters.IsValid"/>).</param>
    /// <param name="seed">32 bytes, from <see cref="SamplingSeed"/>.</param>
    /// <param name="step">The index of the generated token, from 0.</param>
    /// <returns>The token's id.</returns>
    /// <exception cref="ArithmeticException">A logit is not a number or positive infinity, or none is finite.</exception>
    public static int Sample(ReadOnlySpan<float> logits, in SamplingParameters parameters, ReadOnlySpan<byte> seed, long step)
    {
        if (parameters.HasPenalties)
        {
            throw new ArgumentException("penalties need the ids so far", nameof(parameters));
        }

        return Draw(logits, parameters, seed, step, [], [], []);
    }

    /// <summary>Draws the token after an answer so far.</summary>
    /// <param name="logits">One f32 per vocabulary id; negative infinity is never drawn.</param>
    /// <param name="parameters">In range (<see cref="SamplingParameters.IsValid"/>).</param>
    /// <param name="seed">32 bytes, from <see cref="SamplingSeed"/>.</param>
    /// <param name="prompt">The prompt's ids.</param>
    /// <param name="answer">The ids drawn so far, whose number is the step.</param>
    /// <param name="allowed">One bit per id, the lowest first: what may be drawn. Empty where everything may.</param>
    /// <returns>The token's id.</returns>
    /// <exception cref="ArithmeticException">A logit is not a number or positive infinity, or none that may be drawn is finite.</exception>
    public static int Sample(
        ReadOnlySpan<float> logits,
        in SamplingParameters parameters,
        ReadOnlySpan<byte> seed,
        ReadOnlySpan<int> prompt,
        ReadOnlySpan<int> answer,
        ReadOnlySpan<ulong> allowed) => Draw(logits, parameters, seed, answer.Length, prompt, answer, allowed);

    private static int Draw(
        ReadOnlySpan<float> logits,
        in SamplingParameters parameters,
        ReadOnlySpan<byte> seed,
        long step,
        ReadOnlySpan<int> prompt,
        ReadOnlySpan<int> answer,
        ReadOnlySpan<ulong> allowed)
    {
        if (!parameters.IsValid)
        {
            throw new ArgumentException("the sampling parameters are out of range", nameof(parameters));
        }

        if (seed.Length != SamplingSeed.Size)
        {
            throw new ArgumentException("a seed has 32 bytes", nameof(seed));
        }

        if (!allowed.IsEmpty && allowed.Length < (logits.Length + 63) / 64)
        {
            throw new ArgumentException("one bit per id is needed", nameof(allowed));
        }

        int best = Highest(logits, allowed);
        if (parameters.TemperatureMicro == 0 && !parameters.HasPenalties)
        {
            return best;
        }

        long[] distances = ArrayPool<long>.Shared.Rent(logits.Length);
        byte[] noise = ArrayPool<byte>.Shared.Rent((logits.Length * sizeof(ulong)) + 16);
        try
        {
            Span<long> scaled = distances.AsSpan(0, logits.Length);
            best = Distances(logits, parameters, prompt, answer, allowed, best, scaled);
            if (parameters.TemperatureMicro == 0)
            {
                return best;
            }

            Mask(scaled, parameters);
            FillUniform(noise.AsSpan(0, (logits.Length + 1) / 2 * 16), seed, step);
            return GumbelMax(scaled, noise, best);
        }
        finally
        {
            distances.AsSpan(0, logits.Length).Clear();
            ArrayPool<long>.Shared.Return(distances);
            ArrayPool<byte>.Shared.Return(noise);
        }
    }

    /// <summary>Distances from the highest logit that may be drawn, after penalties and over the temperature where there is one, in units of 2^-24.</summary>
    /// <returns>The id of the highest.</returns>
    internal static int Distances(
        ReadOnlySpan<float> logits,
        in SamplingParameters parameters,
        ReadOnlySpan<int> prompt,
        ReadOnlySpan<int> answer,
        ReadOnlySpan<ulong> allowed,
        int highest,
        Span<long> scaled)
    {
        uint temperature = parameters.TemperatureMicro == 0 ? SamplingParameters.One : parameters.TemperatureMicro;
        if (parameters.HasPenalties)
        {
            int best = Penalties.Apply(logits, parameters, prompt, answer, allowed, scaled);
            Divide(scaled, temperature);
            return best;
        }

        Scale(logits, logits[highest], temperature, allowed, scaled);
        return highest;
    }

    /// <summary>One token's noise at a step, in units of 2^-40.</summary>
    internal static long NoiseOf(ReadOnlySpan<byte> seed, long step, int id)
    {
        Span<byte> block = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(block, step);
        BinaryPrimitives.WriteInt64BigEndian(block[8..], id / 2);
        using Aes aes = Aes.Create();
        aes.SetKey(seed);
        aes.EncryptEcb(block, block, PaddingMode.None);
        return Gumbel(Uniform(block, id & 1));
    }

    /// <summary>Whether an id may be drawn.</summary>
    internal static bool IsAllowed(ReadOnlySpan<ulong> allowed, int id) => allowed.IsEmpty || (allowed[id >> 6] >> (id & 63) & 1) != 0;

    /// <summary>The id of the highest logit that may be drawn, the lowest among equals.</summary>
    internal static int Highest(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed)
    {
        int best = -1;
        float highest = float.NegativeInfinity;
        for (int id = 0; id < logits.Length; id++)
        {
            float logit = logits[id];
            if (float.IsNaN(logit) || float.IsPositiveInfinity(logit))
            {
                throw new ArithmeticException("the model gave a logit that is not finite");
            }

            if (logit > highest && IsAllowed(allowed, id))
            {
                (best, highest) = (id, logit);
            }
        }

        return best >= 0 ? best : throw new ArithmeticException("the model gave no finite logit that may be drawn");
    }

    // How far below the highest logit each one is, divided by the temperature, in units of 2^-24; MaximumDistance excludes.
    private static void Scale(ReadOnlySpan<float> logits, double highest, uint temperatureMicro, ReadOnlySpan<ulong> allowed, Span<long> scaled)
    {
        // One rounding in the subtraction of two f32 as f64, which IEEE 754 fixes; the rest is exact.
        for (int id = 0; id < logits.Length; id++)
        {
            double distance = (highest - logits[id]) * (1 << LogitBits);
            scaled[id] = distance >= MaximumDistance || !IsAllowed(allowed, id) ? MaximumDistance : (long)distance;
        }

        Divide(scaled, temperatureMicro);
    }

    private static void Divide(Span<long> distances, uint temperatureMicro)
    {
        if (temperatureMicro == SamplingParameters.One)
        {
            return;
        }

        foreach (ref long distance in distances)
        {
            distance = distance >= MaximumDistance ? MaximumDistance : Math.Min(MaximumDistance, distance * SamplingParameters.One / temperatureMicro);
        }
    }

    /// <summary>Excludes what top-k and then top-p leave out; equals go to the lowest id.</summary>
    internal static void Mask(Span<long> scaled, in SamplingParameters parameters)
    {
        bool topK = parameters.TopK > 0 && parameters.TopK < scaled.Length;
        bool topP = parameters.TopPMicro < SamplingParameters.One;
        if (!topK && !topP)
        {
            return;
        }

        long[] distances = ArrayPool<long>.Shared.Rent(scaled.Length);
        int[] ids = ArrayPool<int>.Shared.Rent(scaled.Length);
        try
        {
            int count = 0;
            for (int id = 0; id < scaled.Length; id++)
            {
                if (scaled[id] < MaximumDistance)
                {
                    (distances[count], ids[count]) = (scaled[id], id);
                    count++;
                }
            }

            // The sort is unstable, so equal distances are put in order of id afterwards.
            Array.Sort(distances, ids, 0, count);
            OrderEquals(distances, ids, count);
            int kept = topK ? Math.Min(parameters.TopK, count) : count;
            kept = topP ? Nucleus(distances.AsSpan(0, kept), parameters.TopPMicro) : kept;
            for (int rank = kept; rank < count; rank++)
            {
                scaled[ids[rank]] = MaximumDistance;
            }
        }
        finally
        {
            distances.AsSpan(0, scaled.Length).Clear();
            ArrayPool<long>.Shared.Return(distances);
            ArrayPool<int>.Shared.Return(ids);
        }
    }

    private static void OrderEquals(long[] distances, int[] ids, int count)
    {
        for (int start = 0; start < count;)
        {
            int end = start + 1;
            while (end < count && distances[end] == distances[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                Array.Sort(ids, start, end - start);
            }

            start = end;
        }
    }

    // The number of leading tokens whose weight first reaches the nucleus; at least one.
    private static int Nucleus(ReadOnlySpan<long> distances, uint topPMicro)
    {
        UInt128 total = 0;
        foreach (long distance in distances)
        {
            total += (ulong)FixedPoint.ExpOfNegative(distance << ToFixed);
        }

        UInt128 wanted = total * topPMicro;
        UInt128 sum = 0;
        for (int rank = 0; rank < distances.Length; rank++)
        {
            sum += (ulong)FixedPoint.ExpOfNegative(distances[rank] << ToFixed);
            if (sum * SamplingParameters.One >= wanted)
            {
                return rank + 1;
            }
        }

        return distances.Length;
    }

    // AES-256 in counter mode under the seed: token i takes bytes 8i to 8i + 7, big-endian; block j is the encryption of
    // step (8 bytes, big-endian) and j (8 bytes, big-endian).
    private static void FillUniform(Span<byte> output, ReadOnlySpan<byte> seed, long step)
    {
        for (int block = 0; block < output.Length / 16; block++)
        {
            BinaryPrimitives.WriteInt64BigEndian(output[(block * 16)..], step);
            BinaryPrimitives.WriteInt64BigEndian(output[((block * 16) + 8)..], block);
        }

        using Aes aes = Aes.Create();
        aes.SetKey(seed);
        aes.EncryptEcb(output, output, PaddingMode.None);
    }

    private static int GumbelMax(ReadOnlySpan<long> scaled, ReadOnlySpan<byte> noise, int start)
    {
        int best = start;
        long bestScore = Gumbel(Uniform(noise, start));
        for (int id = 0; id < scaled.Length; id++)
        {
            long distance = scaled[id];
            if (distance >= MaximumDistance || id == start)
            {
                continue;
            }

            ulong uniform = Uniform(noise, id);
            long needed = bestScore + (distance << ToFixed);
            long quarter = needed >> (FixedPoint.Bits - 2);
            if (quarter >= ReachSteps || (quarter >= 0 && uniform <= s_reach[quarter]))
            {
                continue;
            }

            long score = Gumbel(uniform) - (distance << ToFixed);
            if (score > bestScore || (score == bestScore && id < best))
            {
                (best, bestScore) = (id, score);
            }
        }

        return best;
    }

    private static ulong Uniform(ReadOnlySpan<byte> noise, int id) => BinaryPrimitives.ReadUInt64BigEndian(noise[(id * sizeof(ulong))..]);

    /// <summary>-ln(-ln(u / 2^64)) in units of 2^-40, from about -3.8 to 27.8; u = 0 counts as 1.</summary>
    internal static long Gumbel(ulong uniform)
    {
        ulong below = 0UL - uniform;
        long exponential = uniform != 0 && below < NearOne
            ? (long)(below >> (64 - FixedPoint.Bits))
            : s_ln2Of64 - FixedPoint.Ln(Math.Max(1, uniform));
        return s_ln2OfUnit - FixedPoint.Ln((ulong)Math.Max(1, exponential));
    }

    private static ulong[] MakeReach()
    {
        ulong[] reach = new ulong[ReachSteps];
        for (int quarter = 0; quarter < ReachSteps; quarter++)
        {
            long limit = ((long)quarter << (FixedPoint.Bits - 2)) - ReachMargin;
            (ulong low, ulong high) = (0, ulong.MaxValue);
            while (high - low > 1)
            {
                ulong middle = low + ((high - low) / 2);
                (low, high) = Gumbel(middle) < limit ? (middle, high) : (low, middle);
            }

            reach[quarter] = low;
        }

        return reach;
    }
}
