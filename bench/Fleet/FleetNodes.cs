using System.Globalization;
using Verathos.Bench.Fingerprint;
using Verathos.Bench.Node;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fleet;

/// <summary>Many nodes in one process, each with a model, an engine, an enclave and a front of its own.</summary>
internal sealed class FleetNodes : IAsyncDisposable
{
    private readonly List<BenchNode> _nodes = [];
    private readonly List<Lane16Weights> _honest = [];

    /// <summary>Names and addresses.</summary>
    public List<(string Name, Uri Address)> Addresses { get; } = [];

    /// <summary>What the cheating nodes run, by name.</summary>
    public Dictionary<string, string> Cheats { get; } = [];

    /// <summary>Starts them.</summary>
    public static async Task<FleetNodes> StartAsync(FleetOptions options, CancellationToken cancellationToken)
    {
        FleetNodes fleet = new();
        try
        {
            int[] order = [.. Enumerable.Range(0, options.Nodes)];
            new Random(options.Seed).Shuffle(order);
            HashSet<int> cheaters = [.. order.Take(options.Cheaters)];
            for (int i = 0; i < options.Nodes; i++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"node-{i:000}");
                LoadedModel model = ModelLoader.Load(options.Model, new LoadOptions(), null, cancellationToken);
                if (cheaters.Contains(i))
                {
                    fleet.Cheats.Add(name, fleet.Cheat(model, options.Model, fleet.Cheats.Count, cancellationToken));
                }

                BenchNode node = await options.StartNode(model, cancellationToken).ConfigureAwait(false);
                fleet._nodes.Add(node);
                fleet.Addresses.Add((name, node.Address));
                options.Progress?.Invoke("nodes started", i + 1, options.Nodes);
            }

            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (BenchNode node in _nodes)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }

        _honest.ForEach(static weights => weights.Dispose());
    }

    // The manifest and so the evidence name the right weights; what computes are others. Only fingerprints can tell.
    private string Cheat(LoadedModel model, string path, int number, CancellationToken cancellationToken)
    {
        (string name, int levels, int group) = CheatWeights.All[number % CheatWeights.All.Count];
        using ModelSource source = Directory.Exists(path) ? HuggingFaceFolder.Open(path, static _ => { }, cancellationToken) : GgufModel.Open(path, static _ => { }, cancellationToken);
        CheatWeights.Round(source, levels, group);
        _honest.Add(((Lane16Backend)model.Backend).Exchange(new Lane16Weights(source)));
        return name;
    }
}
