using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Numerics;

/// <summary>Which experts compute for a token and how their results are added, in the profile bf16-lane16/2, each to the last bit.</summary>
public static class ExpertRouting
{
    /// <summary>Chooses the experts of the highest logits, the lowest of equal ones first, and computes their shares of the softmax.</summary>
    /// <param name="logits">The router's, binary32, one for each expert.</param>
    /// <param name="normalises">Whether the shares of those chosen are divided by their sum.</param>
    /// <param name="chosen">Takes the experts, ascending; at most as many as there are.</param>
    /// <param name="shares">As long.</param>
    public static void Choose(ReadOnlySpan<float> logits, bool normalises, Span<int> chosen, Span<float> shares)
    {
        for (int i = 0; i < chosen.Length; i++)
        {
            int best = -1;
            for (int expert = 0; expert < logits.Length; expert++)
            {
                if (!chosen[..i].Contains(expert) && (best < 0 || logits[expert] > logits[best]))
                {
                    best = expert;
                }
            }

            chosen[i] = best;
        }

        float highest = logits[chosen[0]];
        chosen.Sort();
        float total = 0;
        for (int expert = 0, next = 0; expert < logits.Length; expert++)
        {
            float power = Lane16Math.Exp(Vector256.Create(logits[expert] - highest)).ToScalar();
            bool isChosen = next < chosen.Length && chosen[next] == expert;
            total += normalises && !isChosen ? 0 : power;
            if (isChosen)
            {
                shares[next++] = power;
            }
        }

        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] /= total;
        }
    }

    /// <summary>The share of the expert that every token passes: the sigmoid of its gate.</summary>
    /// <param name="logit">binary32, not rounded.</param>
    public static float SharedShare(float logit) =>
        (Vector256<float>.One / (Vector256<float>.One + Lane16Math.Exp(Vector256.Create(-logit)))).ToScalar();

    /// <summary>Adds one expert's result by its share: a fused multiply-add for each element.</summary>
    /// <param name="output">bfloat16 held as binary32.</param>
    /// <param name="share">binary32.</param>
    /// <param name="sum">As long; rounded once all are added.</param>
    public static void Mix(ReadOnlySpan<float> output, float share, Span<float> sum)
    {
        int i = 0;
        for (; i + Vector256<float>.Count <= output.Length; i += Vector256<float>.Count)
        {
            Vector256.FusedMultiplyAdd(Vector256.Create(output[i..]), Vector256.Create(share), Vector256.Create<float>(sum[i..])).CopyTo(sum[i..]);
        }

        for (; i < output.Length; i++)
        {
            sum[i] = MathF.FusedMultiplyAdd(output[i], share, sum[i]);
        }
    }
}
