using CsCheck;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Tests.Sampling;

public sealed class PenaltyTests
{
    private static readonly byte[] s_seed = SamplingSeed.Derive(7, Convert.FromHexString("00112233445566778899aabbccddeeff"));

    private static SamplingParameters Greedy(int frequency = 0, int presence = 0, uint repetition = 0) =>
        SamplingParameters.Greedy with { FrequencyPenaltyMicro = frequency, PresencePenaltyMicro = presence, RepetitionPenaltyMicro = repetition };

    private static int Draw(float[] logits, SamplingParameters parameters, int[] prompt, int[] answer) =>
        Sampler.Sample(logits, parameters, s_seed, prompt, answer, []);

    [Theory]
    [InlineData("frequency counts each time", 500_000, 0, 0u, new int[0], new[] { 0, 0, 0 }, 1)]
    [InlineData("frequency below the gap", 300_000, 0, 0u, new int[0], new[] { 0, 0, 0 }, 0)]
    [InlineData("frequency leaves the prompt alone", 2_000_000, 0, 0u, new[] { 0, 0, 0 }, new int[0], 0)]
    [InlineData("presence counts once", 0, 900_000, 0u, new int[0], new[] { 0, 0, 0 }, 0)]
    [InlineData("presence above the gap", 0, 1_100_000, 0u, new int[0], new[] { 0 }, 1)]
    [InlineData("presence leaves the prompt alone", 0, 2_000_000, 0u, new[] { 0 }, new int[0], 0)]
    [InlineData("a negative one attracts", 0, -1_500_000, 0u, new int[0], new[] { 1 }, 1)]
    [InlineData("repetition divides what the prompt holds", 0, 0, 2_000_000u, new[] { 0 }, new int[0], 1)]
    [InlineData("repetition divides what the answer holds", 0, 0, 2_000_000u, new int[0], new[] { 0 }, 1)]
    [InlineData("repetition below the gap", 0, 0, 1_400_000u, new[] { 0 }, new int[0], 0)]
    [InlineData("repetition once only", 0, 0, 1_400_000u, new[] { 0, 0 }, new[] { 0, 0 }, 0)]
    public void The_best_token_gives_way(string name, int frequency, int presence, uint repetition, int[] prompt, int[] answer, int expected)
    {
        float[] logits = [3f, 2f, -4f];
        Assert.True(expected == Draw(logits, Greedy(frequency, presence, repetition), prompt, answer), name);
    }

    [Fact]
    public void Repetition_lowers_a_negative_logit_further() =>
        Assert.Equal(1, Draw([-1f, -1.5f], Greedy(repetition: 1_600_000), [0], []));

    [Fact]
    public void Penalties_without_a_history_change_no_draw() =>
        Gen.Select(Gen.Int[2, 200], Gen.Int, Gen.UInt[0, 2_000_000], Gen.Int[0, 40]).Sample((size, seed, temperature, topK) =>
        {
            Random random = new(seed);

            // Multiples of 2^-10, so that both ways of taking distances are exact.
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => random.Next(-8000, 8000) / 1024f)];
            SamplingParameters plain = new(temperature, 900_000, topK);
            return Sampler.Sample(logits, plain, s_seed, 0) == Sampler.Sample(logits, plain with { RepetitionPenaltyMicro = 5_000_000 }, s_seed, [], [], []);
        });

    [Fact]
    public void Greedy_draws_follow_the_formula_in_real_numbers() =>
        Gen.Select(Gen.Int[2, 60], Gen.Int, Gen.Int[-2_000_000, 2_000_000], Gen.Int[-2_000_000, 2_000_000], Gen.UInt[100_000, 10_000_000]).Sample((size, seed, frequency, presence, repetition) =>
        {
            Random random = new(seed);
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => (float)((random.NextDouble() - 0.5) * 20))];
            int[] prompt = [.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(size))];
            int[] answer = [.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(size))];
            double[] changed = [.. logits.Select((logit, id) =>
            {
                int count = answer.Count(a => a == id);
                double r = repetition / 1e6;
                double level = count > 0 || prompt.Contains(id) ? (logit > 0 ? logit / r : logit * r) : logit;
                return count > 0 ? level - (count * frequency / 1e6) - (presence / 1e6) : level;
            })];
            int drawn = Draw(logits, Greedy(frequency, presence, repetition), prompt, answer);

            // Within what rounding to 2^-24 moves, scaled by the penalty.
            return changed[drawn] >= changed.Max() - 2e-6;
        });

    [Fact]
    public void What_is_not_allowed_is_never_drawn_whatever_its_logit() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int, Gen.UInt[0, 2_000_000], Gen.Int[-1_000_000, 1_000_000]).Sample((size, seed, temperature, presence) =>
        {
            Random random = new(seed);
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => (float)((random.NextDouble() - 0.5) * 30))];
            ulong[] allowed = new ulong[(size + 63) / 64];
            int only = random.Next(size);
            foreach (int id in Enumerable.Range(0, size).Where(_ => random.Next(4) == 0).Append(only))
            {
                allowed[id / 64] |= 1UL << (id % 64);
            }

            int drawn = Sampler.Sample(logits, new SamplingParameters(temperature, 950_000, 30) with { PresencePenaltyMicro = presence }, s_seed, [], [only], allowed);
            float[] masked = [.. logits.Select((logit, id) => (allowed[id / 64] >> (id % 64) & 1) != 0 ? logit : float.NegativeInfinity)];
            return (allowed[drawn / 64] >> (drawn % 64) & 1) != 0
                && drawn == Sampler.Sample(masked, new SamplingParameters(temperature, 950_000, 30) with { PresencePenaltyMicro = presence }, s_seed, [], [only], []);
        });

    [Fact]
    public void Nothing_allowed_is_an_error() =>
        Assert.Throws<ArithmeticException>(() => Sampler.Sample([1f, 2f], SamplingParameters.Greedy, s_seed, [], [], [0UL]));

    [Fact]
    public void Penalties_without_the_ids_so_far_are_refused() =>
        Assert.Throws<ArgumentException>(() => Sampler.Sample([1f], Greedy(presence: 1), s_seed, 0));

    [Theory]
    [InlineData(2_000_001, 0, 0u)]
    [InlineData(-2_000_001, 0, 0u)]
    [InlineData(0, 2_000_001, 0u)]
    [InlineData(0, -2_000_001, 0u)]
    [InlineData(0, 0, 10_000_001u)]
    public void Penalties_out_of_range_are_invalid(int frequency, int presence, uint repetition) =>
        Assert.False(Greedy(frequency, presence, repetition).IsValid);

    [Fact]
    public void Extreme_logits_do_not_overflow() =>
        Assert.Equal(1, Draw([float.MinValue, float.MaxValue, 0f], Greedy(-2_000_000, 2_000_000, 1), [0, 1], [1, 1]));
}
