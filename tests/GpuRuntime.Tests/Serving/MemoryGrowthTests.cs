using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;

namespace Verathos.GpuRuntime.Tests.Serving;

/// <summary>Measures the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(MemoryGrowthTests), DisableParallelization = true)]
[Collection(nameof(MemoryGrowthTests))]
public class MemoryGrowthTests
{
    private static GenerationRequest Request() => new() { PromptIds = [1, 2, 3], Sampling = SamplingParameters.Greedy, Seed = new byte[32], MaxTokens = 4 };

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16-lane16")]
    public async Task TwoHundredGenerationsDoNotGrowTheProcess(string profile)
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.All.Single(p => p.Name == profile));
        await using InferenceEngine engine = new(model, new EngineOptions());
        for (int i = 0; i < 50; i++)
        {
            await engine.GenerateAsync(Request()).CountAsync(TestContext.Current.CancellationToken);
        }

        long before = Resident();
        for (int i = 0; i < 200; i++)
        {
            await engine.GenerateAsync(Request()).CountAsync(TestContext.Current.CancellationToken);
        }

        Assert.InRange(Resident() - before, long.MinValue, 24L << 20);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }
}
