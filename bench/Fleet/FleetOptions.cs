using Verathos.Bench.Node;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Fleet;

/// <summary>What the bench of a validator over many nodes covers.</summary>
public sealed record FleetOptions
{
    /// <summary>The model of all nodes: a path.</summary>
    public required string Model { get; init; }

    /// <summary>Starts a node on a model, which it takes over, on a loopback port of its own. It must not count its clients' requests.</summary>
    public required Func<LoadedModel, CancellationToken, Task<BenchNode>> StartNode { get; init; }

    /// <summary>The folder of the simulated installation's roots.</summary>
    public required string TrustAnchors { get; init; }

    /// <summary>The policy, JSON.</summary>
    public required byte[] Policy { get; init; }

    /// <summary>Measured limits, JSON; null measures them first.</summary>
    public byte[]? Limits { get; init; }

    /// <summary>Likelihood tables, JSON; null measures them first.</summary>
    public byte[]? Likelihoods { get; init; }

    /// <summary>Nodes.</summary>
    public int Nodes { get; init; } = 256;

    /// <summary>Canaries of each.</summary>
    public int Canaries { get; init; } = 13;

    /// <summary>How many of the nodes run other weights than those they name.</summary>
    public int Cheaters { get; init; }

    /// <summary>Chooses who cheats and how.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Over how many seconds the canaries are spread; null takes about as many as two cores need.</summary>
    public int? EpochSeconds { get; init; }

    /// <summary>Told how many of how many of what are done.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
