using CsCheck;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Fingerprint.Tests.Sampling;

public sealed class TokenMarginTests
{
    private static readonly byte[] s_seed = SamplingSeed.Derive(3, new byte[16]);
    private static readonly MarginRules s_rules = new(2_000_000, 20_000, 2);

    [Fact]
    public void The_verifiers_own_draw_has_none() => Cases().Sample((logits, parameters, step) =>
    {
        int[] answer = [.. Enumerable.Range(0, step).Select(i => i % logits.Length)];
        int drawn = Sampler.Sample(logits, parameters, s_seed, [1], answer, []);
        return Margin(logits, parameters, answer, drawn) == 0;
    });

    /// <summary>The margin is what has to be added to the token's logit for it to be drawn.</summary>
    [Fact]
    public void Raising_the_logit_by_the_margin_draws_the_token() => Cases().Sample((logits, parameters, step) =>
    {
        SamplingParameters plain = new(parameters.TemperatureMicro, SamplingParameters.One, 0);
        int[] answer = [.. Enumerable.Range(0, step).Select(i => i % logits.Length)];
        int token = step % logits.Length;
        long margin = TokenMargin.Compute(logits, plain, s_seed, [1], answer, [], token, s_rules with { CapMicro = long.MaxValue });
        float[] above = [.. logits];
        above[token] += (margin / 1e6f) + 1e-4f;
        float[] below = [.. logits];
        below[token] += (margin / 1e6f) - 1e-4f;
        return Sampler.Sample(above, plain, s_seed, [1], answer, []) == token && (margin == 0 || Sampler.Sample(below, plain, s_seed, [1], answer, []) != token);
    });

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0, 1_000_000)]
    [InlineData(3, 0, 2_000_000)]
    [InlineData(9, 0, 2_000_000)]
    [InlineData(-1, 0, 2_000_000)]
    public void Greedy_margins_are_distances_of_logits_up_to_the_cap(int drawn, int answer, long margin) =>
        Assert.Equal(margin, Margin([3, 2, 1, -50], SamplingParameters.Greedy, new int[answer], drawn));

    [Fact]
    public void Outside_the_widened_nucleus_a_token_counts_the_cap_and_inside_it_does_not()
    {
        // Shares of 0.6, 0.3, 0.09 and 0.01: a nucleus of 0.89 has two tokens, and widened by 0.02 three.
        float[] logits = [MathF.Log(0.6f), MathF.Log(0.3f), MathF.Log(0.09f), MathF.Log(0.01f)];
        SamplingParameters parameters = SamplingParameters.FromDecimals(0.01, 0.99, 0) with { TopPMicro = SamplingParameters.One, TopK = 1 };
        Assert.InRange(Margin(logits, parameters, [], 1), 1, 1_999_999);
        Assert.InRange(Margin(logits, parameters, [], 2), 1, 1_999_999);
        Assert.Equal(2_000_000, Margin(logits, parameters, [], 3));
        SamplingParameters nucleus = new(SamplingParameters.One, 890_000, 0);
        Assert.Contains(Enumerable.Range(0, 200), step => Margin(logits, nucleus, new int[step], 2) < 2_000_000);
        Assert.All(Enumerable.Range(0, 200), step => Assert.Equal(2_000_000, Margin(logits, nucleus, new int[step], 3)));
    }

    private static long Margin(float[] logits, SamplingParameters parameters, int[] answer, int drawn) =>
        TokenMargin.Compute(logits, parameters, s_seed, [1], answer, [], drawn, s_rules);

    private static Gen<(float[] Logits, SamplingParameters Parameters, int Step)> Cases() =>
        Gen.Select(Gen.Float[-3, 3].Array[5, 60], Gen.UInt[100_000, 2_000_000], Gen.UInt[500_000, 1_000_000], Gen.Int[0, 30], Gen.Int[0, 20])
            .Select((logits, temperature, topP, topK, step) => (logits, new SamplingParameters(temperature, topP, topK), step));
}
