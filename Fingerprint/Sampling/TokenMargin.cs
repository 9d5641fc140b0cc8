using System.Buffers;

namespace Verathos.Fingerprint.Sampling;

/// <summary>
/// By how much a drawn token falls short of the one that the verifier's own logits would have drawn under the same noise
/// (Token-DiFR): max over tokens of (logit + T Gumbel) less the drawn token's. 0 for most honest tokens, small for the others. Weak
/// evidence, for deep audits only: the cap keeps one token from deciding.
/// </summary>
public static class TokenMargin
{
    /// <summary>Computes one token's margin.</summary>
    /// <param name="logits">The verifier's, one f32 for each id.</param>
    /// <param name="parameters">In range.</param>
    /// <param name="seed">32 bytes, from <see cref="SamplingSeed"/>.</param>
    /// <param name="prompt">The prompt's ids.</param>
    /// <param name="answer">The ids drawn before.</param>
    /// <param name="allowed">As in <see cref="Sampler.Sample(ReadOnlySpan{float}, in SamplingParameters, ReadOnlySpan{byte}, ReadOnlySpan{int}, ReadOnlySpan{int}, ReadOnlySpan{ulong})"/>.</param>
    /// <param name="drawn">The id that the node drew.</param>
    /// <param name="rules">Cap and widening.</param>
    /// <returns>In millionths of a logit, 0 to the cap.</returns>
    public static long Compute(
        ReadOnlySpan<float> logits,
        in SamplingParameters parameters,
        ReadOnlySpan<byte> seed,
        ReadOnlySpan<int> prompt,
        ReadOnlySpan<int> answer,
        ReadOnlySpan<ulong> allowed,
        int drawn,
        MarginRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        int best = Sampler.Sample(logits, parameters, seed, prompt, answer, allowed);
        if (best == drawn)
        {
            return 0;
        }

        if ((uint)drawn >= (uint)logits.Length)
        {
            return rules.CapMicro;
        }

        long[] distances = ArrayPool<long>.Shared.Rent(logits.Length);
        try
        {
            Span<long> scaled = distances.AsSpan(0, logits.Length);
            Sampler.Distances(logits, parameters, prompt, answer, allowed, Sampler.Highest(logits, allowed), scaled);
            if (parameters.TemperatureMicro != 0)
            {
                Sampler.Mask(scaled, parameters with
                {
                    TopPMicro = Math.Min(SamplingParameters.One, parameters.TopPMicro + rules.TopPMicro),
                    TopK = parameters.TopK == 0 ? 0 : (int)Math.Min(int.MaxValue, (long)parameters.TopK + rules.TopK),
                });
            }

            if (scaled[drawn] >= Sampler.MaximumDistance)
            {
                return rules.CapMicro;
            }

            // Distances are over the temperature, where there is one; noise is in the same unit.
            long shortfall = (scaled[drawn] - scaled[best]) << (FixedPoint.Bits - Sampler.LogitBits);
            if (parameters.TemperatureMicro == 0)
            {
                return Math.Clamp((long)(((Int128)shortfall * SamplingParameters.One) >> FixedPoint.Bits), 0, rules.CapMicro);
            }

            shortfall += Sampler.NoiseOf(seed, answer.Length, best) - Sampler.NoiseOf(seed, answer.Length, drawn);
            return (long)Int128.Clamp(((Int128)shortfall * parameters.TemperatureMicro) >> FixedPoint.Bits, 0, rules.CapMicro);
        }
        finally
        {
            distances.AsSpan(0, logits.Length).Clear();
            ArrayPool<long>.Shared.Return(distances);
        }
    }
}
