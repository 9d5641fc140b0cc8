using Verathos.Bench.Profile;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Tests.Profile;

public class ProfileProofTests
{
    private static readonly ModelConfig Config = RandomModel.SmolLm2Shape with
    {
        VocabularySize = 320,
        HiddenSize = 64,
        IntermediateSize = 96,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 16,
        MaxPositions = 256,
    };

    [Fact]
    public async Task SixtyFourPromptsGiveTheSameBitsInAnyBatchOrderCutAndNumberOfThreads()
    {
        ProfileReport report = await ProfileProof.RunAsync(
            new ProfileOptions { Open = options => RandomModel.Create(Config, 3, options), Seed = 5 },
            TestContext.Current.CancellationToken);
        Assert.Equal(6, report.Runs.Count);
        Assert.All(report.Runs, run => Assert.Equal(64 * 8, run.Compared));
        Assert.True(report.Identical, string.Join("; ", report.Runs));
        Assert.Equal([1, 8, 64, 1, 8, 64], report.Runs.Select(run => run.LargestBatch));
    }

    [Fact]
    public async Task AnotherModelIsReportedAsDifferent()
    {
        int opened = 0;
        ProfileReport report = await ProfileProof.RunAsync(
            new ProfileOptions
            {
                Open = options => RandomModel.Create(Config, opened++, options),
                Prompts = 4,
                PromptTokens = 8,
                AnswerTokens = 2,
                Batches = [2],
            },
            TestContext.Current.CancellationToken);
        Assert.False(report.Identical);
        Assert.Equal(0, report.Runs[0].Different);
        Assert.Equal(8, report.Runs[1].Different);
    }
}
