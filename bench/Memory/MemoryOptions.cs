using Verathos.Bench.Node;
using Verathos.Client;

namespace Verathos.Bench.Memory;

/// <summary>How the memory of a serving node is watched.</summary>
public sealed record MemoryOptions
{
    /// <summary>Starts the node in this process. The node must not count its clients' requests.</summary>
    public required Func<CancellationToken, Task<BenchNode>> StartNode { get; init; }

    /// <summary>What the client trusts.</summary>
    public required ClientOptions Client { get; init; }

    /// <summary>Requests.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary>Samples; the first fifth of them warms up and counts for nothing.</summary>
    public int Samples { get; init; } = 20;

    /// <summary>Requests under way at once.</summary>
    public int Concurrent { get; init; } = 8;

    /// <summary>Told how many of how many requests are done.</summary>
    public Action<int, int>? Progress { get; init; }
}
