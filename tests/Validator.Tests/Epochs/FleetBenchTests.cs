using Verathos.Attestation.Policies;
using Verathos.Bench.Fleet;
using Verathos.Bench.Node;
using Verathos.Client.Trust;
using Verathos.Host.Demo;

namespace Verathos.Validator.Tests.Epochs;

public class FleetBenchTests
{
    [Fact]
    public async Task A_small_fleet_is_audited_whole_and_the_cheat_in_it_is_caught()
    {
        FleetReport report = await FleetBench.RunAsync(
            new FleetOptions
            {
                Model = SimulatedNodes.ModelPath,
                StartNode = static async (model, _) =>
                {
                    DemoNode node = await SimulatedNodes.StartAsync(model);
                    return new BenchNode(node.Address, node);
                },
                TrustAnchors = SimulatedFolder.Default,
                Policy = Policy.BuiltInSource("simulated"),
                Limits = SimulatedNodes.Limits().ToJson(),
                Likelihoods = SimulatedNodes.Tables().ToJson(),
                Nodes = 4,
                Canaries = 2,
                Cheaters = 1,
                EpochSeconds = 5,
            },
            TestContext.Current.CancellationToken);
        Assert.Equal((4, 4, 0, 8), (report.Nodes, report.Keysets, report.Missed, report.Planned));
        Assert.Equal((report.Answered, report.Planned), (report.Audited, report.Answered + report.Spared));
        Assert.StartsWith("layer.", Assert.Single(report.Cheats).Check, StringComparison.Ordinal);
        Assert.True(report.Passed);
    }
}
