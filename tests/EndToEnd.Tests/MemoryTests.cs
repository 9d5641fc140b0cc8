using Verathos.Bench.Memory;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Commands;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>A sample of what <c>verathos bench memory</c> does at length. Measures the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public async Task MemoryIsSampledBetweenRequests()
    {
        Simulator.Installation.OpenOrCreate(SimulatedFolder.Default).Dispose();
        string model = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");
        MemoryReport report = await MemoryBench.RunAsync(
            new MemoryOptions { StartNode = stop => BenchTraceCommand.StartAsync(ModelLoader.Load(model, new LoadOptions(), null, stop), stop), Client = TrustArguments.Simulated(), Count = 400, Samples = 8 },
            TestContext.Current.CancellationToken);
        Assert.Equal(0, report.Unexpected);
        Assert.Equal([50, 100, 150, 200, 250, 300, 350, 400], report.Samples.Select(sample => sample.Requests));
        Assert.InRange(report.Answered, 250, 350);

        // A leak of one prompt, answer or sequence a request would show: a sequence alone has 64 KiB.
        Assert.InRange(report.ManagedBytesPerRequest, double.MinValue, 16_384);
    }
}
