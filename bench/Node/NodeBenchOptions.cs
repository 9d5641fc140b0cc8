using Verathos.Client;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Node;

/// <summary>What the node's bench measures, and how long.</summary>
public sealed record NodeBenchOptions
{
    /// <summary>Starts a node on a model, which it takes over.</summary>
    public required Func<LoadedModel, CancellationToken, Task<BenchNode>> StartNode { get; init; }

    /// <summary>What the client trusts.</summary>
    public required ClientOptions Client { get; init; }

    /// <summary>The program and arguments that start a node as a process on an address; the address is appended.</summary>
    public required IReadOnlyList<string> NodeCommand { get; init; }

    /// <summary>The small model's path.</summary>
    public required string SmallModel { get; init; }

    /// <summary>Interleaved pairs of each ratio.</summary>
    public int Pairs { get; init; } = 10;

    /// <summary>Generated tokens of each request alone; an eighth of the requests' sum otherwise.</summary>
    public int Tokens { get; init; } = 64;

    /// <summary>The numeric profile's name.</summary>
    public string Profile { get; init; } = NumericProfile.Served.Name;

    /// <summary>Whether the model of SmolLM2-135M's shape is measured too.</summary>
    public bool Large { get; init; } = true;

    /// <summary>Told what is being measured.</summary>
    public Action<string>? Progress { get; init; }
}
