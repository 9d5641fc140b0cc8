using Verathos.Bench.Node;
using Verathos.Client;
using Verathos.Validator.Canaries;

namespace Verathos.Bench.Canaries;

/// <summary>What the bench of canaries covers.</summary>
public sealed record CanaryBenchOptions
{
    /// <summary>Starts a node that answers; one at a time.</summary>
    public required Func<CancellationToken, Task<BenchNode>> StartNode { get; init; }

    /// <summary>What the clients trust.</summary>
    public required ClientOptions Client { get; init; }

    /// <summary>The name of the served model.</summary>
    public required string Model { get; init; }

    /// <summary>What a conversation may measure.</summary>
    public required CorpusShape Shape { get; init; }

    /// <summary>A file of real prompts, UTF-8; null for the generator's.</summary>
    public byte[]? Corpus { get; init; }

    /// <summary>Chooses everything.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Requests of each kind.</summary>
    public int Count { get; init; } = 2000;

    /// <summary>Pairs of replicas to look at, at least: further epochs are planned until there are so many, or a file's conversations are used up.</summary>
    public int ReplicaPairs { get; init; } = 1000;

    /// <summary>Told how many of how many of what are done.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
