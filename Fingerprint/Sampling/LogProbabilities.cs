namespace Verathos.Fingerprint.Sampling;

/// <summary>
/// Log-probabilities as a pure function of the f32 logits, in integers, so that whoever holds the logits recomputes every digit.
/// They are the softmax of the raw logits: temperature, penalties and masks take no part.
/// </summary>
public static class LogProbabilities
{
    /// <summary>What is said of a token that is less likely still, in millionths: -9999.</summary>
    public const long LeastMicro = -9999L * 1_000_000;

    private const int ToFixed = FixedPoint.Bits - Sampler.LogitBits;

    // e^-29 is below 2^-40, so it adds nothing.
    private const long Negligible = 29L << Sampler.LogitBits;

    /// <summary>The log-probabilities of one token and of the likeliest ones.</summary>
    /// <param name="logits">One f32 per vocabulary id, none of them not a number or positive infinity, at least one finite.</param>
    /// <param name="id">The token.</param>
    /// <param name="likeliest">Takes as many of the likeliest tokens as it is long, the lowest id first among equals.</param>
    /// <returns>The token's log-probability.</returns>
    public static TokenLogProbability Compute(ReadOnlySpan<float> logits, int id, Span<TokenLogProbability> likeliest)
    {
        float highest = float.NegativeInfinity;
        foreach (float logit in logits)
        {
            highest = logit > highest ? logit : highest;
        }

        // At most 2^22 terms of at most 2^40.
        ulong sum = 0;
        foreach (float logit in logits)
        {
            long distance = Distance(highest, logit);
            sum += distance < Negligible ? (ulong)FixedPoint.ExpOfNegative(distance << ToFixed) : 0;
        }

        long whole = FixedPoint.Ln(sum) - FixedPoint.Ln(1UL << FixedPoint.Bits);
        Likeliest(logits, likeliest);
        foreach (ref TokenLogProbability token in likeliest)
        {
            token = token with { Micro = Micro(Distance(highest, logits[token.Id]), whole) };
        }

        return new TokenLogProbability(id, Micro(Distance(highest, logits[id]), whole));
    }

    private static long Distance(float highest, float logit)
    {
        double distance = ((double)highest - logit) * (1 << Sampler.LogitBits);
        return distance >= Sampler.MaximumDistance ? Sampler.MaximumDistance : (long)distance;
    }

    // -(distance + logarithm of the sum), rounded to the nearest millionth.
    private static long Micro(long distance, long whole)
    {
        Int128 value = ((((Int128)distance << ToFixed) + whole) * 1_000_000) + (1L << (FixedPoint.Bits - 1));
        return Math.Clamp(-(long)(value >> FixedPoint.Bits), LeastMicro, 0);
    }

    private static void Likeliest(ReadOnlySpan<float> logits, Span<TokenLogProbability> likeliest)
    {
        int count = 0;
        for (int id = 0; id < logits.Length && !likeliest.IsEmpty; id++)
        {
            if (count == likeliest.Length && logits[id] <= logits[likeliest[^1].Id])
            {
                continue;
            }

            int at = count == likeliest.Length ? count - 1 : count++;
            for (; at > 0 && logits[id] > logits[likeliest[at - 1].Id]; at--)
            {
                likeliest[at] = likeliest[at - 1];
            }

            likeliest[at] = new TokenLogProbability(id, 0);
        }
    }
}
