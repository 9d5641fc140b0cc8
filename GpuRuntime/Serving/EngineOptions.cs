namespace Verathos.GpuRuntime.Serving;

/// <summary>Limits of an engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Requests that may wait; one more is refused.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Sequences that are computed in turn.</summary>
    public int MaxActive { get; init; } = 32;

    /// <summary>The most positions of a request, prompt and answer together; the model's limit where not given or larger.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Prompt tokens, of all prompts together, that are computed before running answers get their next token.</summary>
    public int PrefillChunk { get; init; } = 256;

    /// <summary>Memory for keys and values, which engines may share; half of the memory that is free at the start where not given.</summary>
    public KvBudget? Memory { get; init; }
}
