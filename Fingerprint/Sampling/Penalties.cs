using System.Buffers;

namespace Verathos.Fingerprint.Sampling;

/// <summary>
/// Penalties on logits in integers. A logit is floor(logit * 2^24), held within +-2^52; first the repetition penalty divides or
/// multiplies it, towards zero, then the frequency and presence penalties are taken off, in units of 2^-24, towards zero. The
/// result is held within +-2^52 after each step.
/// </summary>
internal static class Penalties
{
    private const long Limit = 1L << 52;
    private const byte InPrompt = 1;

    /// <summary>Distances of the changed logits from the highest of them that may be drawn, in units of 2^-24; <see cref="Sampler.MaximumDistance"/> excludes.</summary>
    /// <returns>The id of the highest, the lowest among equals.</returns>
    public static int Apply(
        ReadOnlySpan<float> logits,
        in SamplingParameters parameters,
        ReadOnlySpan<int> prompt,
        ReadOnlySpan<int> answer,
        ReadOnlySpan<ulong> allowed,
        Span<long> distances)
    {
        int[] counts = ArrayPool<int>.Shared.Rent(logits.Length);
        byte[] marks = ArrayPool<byte>.Shared.Rent(logits.Length);
        try
        {
            Count(counts.AsSpan(0, logits.Length), marks.AsSpan(0, logits.Length), prompt, answer);
            int best = -1;
            for (int id = 0; id < logits.Length; id++)
            {
                // Negative infinity and what is not allowed are never drawn, so no penalty lifts them.
                distances[id] = float.IsNegativeInfinity(logits[id]) || !Sampler.IsAllowed(allowed, id)
                    ? long.MinValue
                    : Change(logits[id], counts[id], marks[id] != 0, parameters);
                if (distances[id] != long.MinValue && (best < 0 || distances[id] > distances[best]))
                {
                    best = id;
                }
            }

            long highest = distances[best];
            foreach (ref long distance in distances)
            {
                distance = distance == long.MinValue ? Sampler.MaximumDistance : Math.Min(Sampler.MaximumDistance, highest - distance);
            }

            return best;
        }
        finally
        {
            counts.AsSpan(0, logits.Length).Clear();
            marks.AsSpan(0, logits.Length).Clear();
            ArrayPool<int>.Shared.Return(counts);
            ArrayPool<byte>.Shared.Return(marks);
        }
    }

    private static void Count(Span<int> counts, Span<byte> marks, ReadOnlySpan<int> prompt, ReadOnlySpan<int> answer)
    {
        counts.Clear();
        marks.Clear();
        foreach (int id in prompt)
        {
            marks[id] = InPrompt;
        }

        foreach (int id in answer)
        {
            counts[id]++;
        }
    }

    private static long Change(float logit, int count, bool inPrompt, in SamplingParameters parameters)
    {
        // The product with a power of two is exact.
        long level = Hold(Math.Floor((double)logit * (1 << Sampler.LogitBits)));
        uint repetition = parameters.RepetitionPenaltyMicro;
        if (repetition is not (0 or SamplingParameters.One) && (count > 0 || inPrompt))
        {
            level = Hold(level > 0
                ? (Int128)level * SamplingParameters.One / repetition
                : (Int128)level * repetition / SamplingParameters.One);
        }

        if (count > 0)
        {
            Int128 micro = ((Int128)count * parameters.FrequencyPenaltyMicro) + parameters.PresencePenaltyMicro;
            level = Hold(level - ((micro << Sampler.LogitBits) / SamplingParameters.One));
        }

        return level;
    }

    private static long Hold(double value) => value >= Limit ? Limit : value <= -Limit ? -Limit : (long)value;

    private static long Hold(Int128 value) => value >= Limit ? Limit : value <= -Limit ? -Limit : (long)value;
}
