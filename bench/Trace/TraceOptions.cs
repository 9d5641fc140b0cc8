using Verathos.Bench.Node;
using Verathos.Client;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Trace;

/// <summary>What a trace covers.</summary>
public sealed record TraceOptions
{
    /// <summary>Opens the model; called twice and must give equal models.</summary>
    public required Func<LoadedModel> Open { get; init; }

    /// <summary>Opens a second model of another name, which half of the requests are for; called twice. Null where there is one model.</summary>
    public Func<LoadedModel>? OpenSecond { get; init; }

    /// <summary>Starts a node on models, which it takes over. The node must not count its clients' requests.</summary>
    public required Func<IReadOnlyList<LoadedModel>, CancellationToken, Task<BenchNode>> StartNode { get; init; }

    /// <summary>What the client trusts.</summary>
    public required ClientOptions Client { get; init; }

    /// <summary>Chooses every request.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Requests.</summary>
    public int Count { get; init; } = 1000;

    /// <summary>Requests under way at once; an arrival past it waits at the client.</summary>
    public int Concurrent { get; init; } = 48;

    /// <summary>Told how many of how many requests are done, and then compared.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
