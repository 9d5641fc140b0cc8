namespace Verathos.GpuRuntime.Serving;

/// <summary>Limits of an engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Requests that may wait; one more is refused. <see cref="Share"/>'s where there is one.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Sequences that are computed in turn. <see cref="Share"/>'s where there is one.</summary>
    public int MaxActive { get; init; } = 32;

    /// <summary>The most positions of a request, prompt and answer together; the model's limit where not given or larger.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Prompt tokens, of all prompts together, that are computed before running answers get their next token.</summary>
    public int PrefillChunk { get; init; } = 256;

    /// <summary>
    /// Memory for keys and values; half of the memory that is free at the start where not given. Beside <see cref="Share"/> it is
    /// the most that this engine's requests may take of the share's memory, all of it where not given.
    /// </summary>
    public KvBudget? Memory { get; init; }

    /// <summary>What the engine shares with others; where not given it has everything to itself.</summary>
    public EngineShare? Share { get; init; }
}
