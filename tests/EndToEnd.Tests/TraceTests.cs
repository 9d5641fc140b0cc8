using Verathos.Bench.Trace;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Commands;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>Samples of what <c>verathos bench trace</c> does at length.</summary>
public sealed class TraceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Model => Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");

    private static ModelConfig Shape { get; } =
        RandomModel.SmolLm2Shape with { VocabularySize = 300, HiddenSize = 32, IntermediateSize = 64, Layers = 1, Heads = 2, KvHeads = 1, HeadSize = 16, MaxPositions = 256 };

    private static LoadedModel Open() => ModelLoader.Load(Model, new LoadOptions(), null, Cancel);

    private static void EnsureInstallation() => Simulator.Installation.OpenOrCreate(SimulatedFolder.Default).Dispose();

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task ARandomTraceMeetsOnlyDeservedErrorsAndGivesTheIdsOfEachRequestAlone(int seed)
    {
        EnsureInstallation();
        TraceReport report = await TraceBench.RunAsync(
            new TraceOptions { Open = Open, StartNode = BenchTraceCommand.StartAsync, Client = TrustArguments.Simulated(), Seed = seed, Count = 80 },
            Cancel);
        Assert.True(report.Passed, string.Join("; ", report.Undeserved) + " different: " + string.Join(", ", report.Different));
        Assert.Equal(80, report.Requests.Values.Sum());
        Assert.True(report.Compared > 40 && report.ComparedTokens > report.Compared);
    }

    [Fact]
    public async Task TwoModelsInOneNodeGiveTheIdsOfEachAlone()
    {
        EnsureInstallation();
        TraceReport report = await TraceBench.RunAsync(
            new TraceOptions
            {
                Open = Open,
                OpenSecond = static () => RandomModel.Create(Shape with { MaxPositions = 512 }, 1, new LoadOptions { Name = "second" }),
                StartNode = BenchTraceCommand.StartAsync,
                Client = TrustArguments.Simulated(),
                Seed = 5,
                Count = 120,
            },
            Cancel);
        Assert.True(report.Passed, string.Join("; ", report.Undeserved) + " different: " + string.Join(", ", report.Different));
        Assert.Equal("verathos-tiny and second", report.Model);
        Assert.True(report.Compared > 60 && report.ComparedTokens > report.Compared);
    }

    [Fact]
    public async Task AnotherModelBehindTheNodeIsNoticed()
    {
        EnsureInstallation();
        int opened = 0;
        TraceReport report = await TraceBench.RunAsync(
            new TraceOptions
            {
                Open = () => RandomModel.Create(Shape, opened++, new LoadOptions()),
                StartNode = BenchTraceCommand.StartAsync,
                Client = TrustArguments.Simulated(),
                Count = 20,
            },
            Cancel);
        Assert.Empty(report.Undeserved);
        Assert.NotEmpty(report.Different);
        Assert.False(report.Passed);
    }
}
