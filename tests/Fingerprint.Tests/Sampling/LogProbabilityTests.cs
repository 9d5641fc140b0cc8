using CsCheck;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Tests.Sampling;

public sealed class LogProbabilityTests
{
    [Fact]
    public void They_are_the_logarithm_of_the_softmax() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Int, Gen.Double[0.1, 60]).Sample((size, seed, spread) =>
        {
            Random random = new(seed);
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => (float)((random.NextDouble() - 0.5) * spread))];
            TokenLogProbability[] likeliest = new TokenLogProbability[Math.Min(5, size)];
            int id = random.Next(size);
            TokenLogProbability token = LogProbabilities.Compute(logits, id, likeliest);
            double highest = logits.Max();
            double whole = highest + Math.Log(logits.Sum(logit => Math.Exp(logit - highest)));
            int[] expected = [.. Enumerable.Range(0, size).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(likeliest.Length)];
            return token.Id == id
                && likeliest.Select(t => t.Id).SequenceEqual(expected)
                && likeliest.Append(token).All(t => Math.Abs((t.Micro / 1e6) - (logits[t.Id] - whole)) < 1.5e-6);
        });

    [Fact]
    public void What_cannot_be_drawn_has_the_least() =>
        Assert.Equal(LogProbabilities.LeastMicro, LogProbabilities.Compute([0f, float.NegativeInfinity], 1, []).Micro);

    [Fact]
    public void A_certain_token_has_nought() => Assert.Equal(0, LogProbabilities.Compute([100f, -100f], 0, []).Micro);

    [Fact]
    public void Their_digits_are_pinned()
    {
        TokenLogProbability[] likeliest = new TokenLogProbability[2];
        TokenLogProbability token = LogProbabilities.Compute([1.5f, 0.25f, -3f, 2.125f], 2, likeliest);
        Assert.Equal(new TokenLogProbability(2, -5_652_425), token);
        Assert.Equal([new TokenLogProbability(3, -527_425), new TokenLogProbability(0, -1_152_425)], likeliest);
    }
}
