using Verathos.Bench.Statistics;
using Verathos.Client;
using Verathos.Client.Streams;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Node;

/// <summary>The node's bench: ratios taken in one run, each with its spread.</summary>
public static class NodeBench
{
    private const int RandomSeed = 1;

    /// <summary>Measures everything.</summary>
    public static async Task<NodeReport> RunAsync(NodeBenchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!NumericProfile.TryParse(options.Profile, out NumericProfile? profile))
        {
            throw new ArgumentException($"there is no numeric profile {options.Profile}", nameof(options));
        }

        TaxBench tax = new(options);
        LoadOptions load = new() { Profile = profile };
        List<TaxRow> rows = [.. await tax.RunAsync(() => ModelLoader.Load(options.SmallModel, load, null, cancellationToken), cancellationToken).ConfigureAwait(false)];
        if (options.Large)
        {
            LoadOptions large = load with { Name = "random, SmolLM2-135M's shape", MaxContext = 1024 };
            rows.AddRange(await tax.RunAsync(() => RandomModel.Create(RandomModel.SmolLm2Shape, RandomSeed, large), cancellationToken).ConfigureAwait(false));
        }

        options.Progress?.Invoke("chunks");
        Spread seal = ChunkBench.SealAndHash();
        BenchNode node = await options.StartNode(ModelLoader.Load(options.SmallModel, load, null, cancellationToken), cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            options.Progress?.Invoke("evidence, receipts, round trips");
            (Spread milliseconds, Spread allocated) = await EvidenceBench.RunAsync(node.Address, options.Client, cancellationToken).ConfigureAwait(false);
            using CountingHandler counter = new();
            using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, options.Client with { HttpMessageHandler = counter }, cancellationToken).ConfigureAwait(false);
            Answer cold = await client.CompleteAsync(BenchRequest.Completion("Once", 4), cancellationToken).ConfigureAwait(false);
            (int exchanges, int connections) = (counter.Exchanges, counter.Connections);
            await client.CompleteAsync(BenchRequest.Completion("Once", 4), cancellationToken).ConfigureAwait(false);
            (exchanges, connections) = (counter.Exchanges - exchanges, counter.Connections - connections);
            Spread receipt = ChunkBench.SignReceipt(cold.Receipt);

            options.Progress?.Invoke("the node as a process");
            List<VerathosClient> clients = [];
            try
            {
                (Spread ready, Spread first, Spread second, double peak) = await ProcessBench.RunAsync(
                    options.NodeCommand,
                    async (address, token) =>
                    {
                        VerathosClient attested = await VerathosClient.ConnectAsync(address, options.Client, token).ConfigureAwait(false);
                        clients.Add(attested);
                        return () => attested.CompleteAsync(BenchRequest.Completion("Once", 16), token);
                    },
                    cancellationToken).ConfigureAwait(false);
                return new NodeReport(rows, seal, receipt, milliseconds, allocated, exchanges, connections, ready, first, second, peak);
            }
            finally
            {
                clients.ForEach(static attested => attested.Dispose());
            }
        }
    }
}
