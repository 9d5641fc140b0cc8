using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

public class TracedGenerationTests
{
    private static GenerationRequest Request(int length, int count, byte[]? secret) => new()
    {
        PromptIds = [.. Enumerable.Range(0, length).Select(j => (length * j * 3) % 320)],
        Sampling = new SamplingParameters(800_000, SamplingParameters.One, 0),
        Seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)],
        MaxTokens = count,
        TraceSecret = secret,
        SketchSeed = secret,
    };

    private static byte[] Secret(int number) => [.. Enumerable.Range(0, 32).Select(i => (byte)(i * number))];

    private static ValueTask<GeneratedToken[]> All(InferenceEngine engine, GenerationRequest request) =>
        engine.GenerateAsync(request).ToArrayAsync(TestContext.Current.CancellationToken);

    /// <summary>Each token carries the commitment over all steps before it; together and alone they are the same bytes, and so are the ids without.</summary>
    [Fact]
    public async Task BatchedAndSingleGenerationCommitTheSameBytes()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Lane16);
        await using InferenceEngine engine = new(model, new EngineOptions { MaxActive = 6, PrefillChunk = 8 });
        int[] lengths = [1, 2, 5, 9, 30, 64, 70];
        List<GeneratedToken[]> alone = [];
        foreach (int length in lengths)
        {
            alone.Add(await All(engine, Request(length, 40, Secret(length))));
        }

        GeneratedToken[][] together = await Task.WhenAll(lengths.Select(length => All(engine, Request(length, 40, Secret(length))).AsTask()));
        Assert.Equal(Roots(alone), Roots(together));
        Assert.All(together, tokens => Assert.Equal(40, tokens.Select(t => Convert.ToHexString(t.Commitment!.TraceRoot)).Distinct().Count()));
        GeneratedToken[] plain = await All(engine, Request(30, 40, null));
        Assert.Equal(alone[4].Select(t => t.Id), plain.Select(t => t.Id));
        Assert.All(plain, token => Assert.Null(token.Commitment));
        Assert.All(together, tokens => Assert.All(tokens[..^1], token => Assert.Null(token.Commitment!.ToplocRoot)));
        Assert.Equal(14, together.Select(tokens => tokens[^1].Commitment!).SelectMany(c => new[] { Convert.ToHexString(c.ToplocRoot!), Convert.ToHexString(c.SketchRoot!) }).Distinct().Count());
    }

    [Theory]
    [InlineData("bf16-lane16", 31, 32)]
    [InlineData("bf16-lane16", 32, 31)]
    [InlineData("bf16-lane16", 0, 32)]
    [InlineData("f32", 32, 32)]
    public async Task ATraceThatCannotBeIsRefused(string profile, int secretBytes, int seedBytes)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.All.Single(p => p.Name == profile));
        await using InferenceEngine engine = new(model, new EngineOptions());
        GenerationRequest request = new()
        {
            PromptIds = [1, 2, 3],
            Sampling = SamplingParameters.Greedy,
            Seed = new byte[32],
            MaxTokens = 2,
            TraceSecret = secretBytes == 0 ? null : new byte[secretBytes],
            SketchSeed = new byte[seedBytes],
        };
        GenerationException refused = Assert.Throws<GenerationException>(() => { engine.GenerateAsync(request); });
        Assert.Equal(GenerationError.InvalidRequest, refused.Error);
    }

    private static IEnumerable<string> Roots(IEnumerable<GeneratedToken[]> answers) => answers.SelectMany(tokens => tokens.Select(t => Convert.ToHexString([.. t.Commitment!.TraceRoot, .. t.Commitment.ToplocRoot ?? [], .. t.Commitment.SketchRoot ?? []])));
}
