namespace Verathos.GpuRuntime.Serving;

/// <summary>Limits of an engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Requests that may wait; one more is refused.</summary>
    public int QueueCapacity { get; init; } = 64;

    /// <summary>Sequences that are computed in turn.</summary>
    public int MaxActive { get; init; } = 8;

    /// <summary>The most positions of a request, prompt and answer together; the model's limit where not given or larger.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Prompt tokens that are computed before the other sequences get their turn.</summary>
    public int PrefillChunk { get; init; } = 256;
}
