using Verathos.Attestation.Policies;
using Verathos.Bench.Canaries;
using Verathos.Bench.Node;
using Verathos.Client;
using Verathos.Client.Trust;
using Verathos.Host.Demo;
using Verathos.Testing;
using Verathos.Validator.Canaries;

namespace Verathos.Validator.Tests.Canaries;

public class CanaryNodeTests
{
    [Fact]
    public async Task A_host_sees_the_same_headers_of_everybody_and_the_node_takes_what_canaries_ask()
    {
        DemoNode node = await Epochs.SimulatedNodes.StartAsync(Epochs.SimulatedNodes.Honest());
        CanaryBenchReport report = await CanaryBench.RunAsync(
            new CanaryBenchOptions
            {
                StartNode = _ => Task.FromResult(new BenchNode(node.Address, node)),
                Client = new ClientOptions { Policy = Policy.BuiltIn("simulated"), TrustAnchors = Anchors(), AllowSimulated = true },
                Model = "verathos-tiny",
                Shape = CorpusShape.For(512),
                Count = 50,
            },
            TestContext.Current.CancellationToken);
        Assert.True(report.HeadersEqual);
        Assert.Empty(report.Refused);
        Assert.True(report.Organic >= 50 && report.Canaries >= 50);
        Assert.True(report.Rows.Single(row => row.Name == "mistake: sent on the minute" && row.Sees == "host").Result.Auc > 0.8);
    }

    private static Attestation.TrustAnchors Anchors() =>
        Attestation.TrustAnchors.TryLoadSimulated(SimulatedFolder.Default, out Attestation.TrustAnchors? anchors, out string? error) ? anchors! : throw new InvalidOperationException(error);
}
