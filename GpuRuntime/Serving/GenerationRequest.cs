using Verathos.Fingerprint.Sampling;

namespace Verathos.GpuRuntime.Serving;

/// <summary>What is to be generated.</summary>
public sealed class GenerationRequest
{
    /// <summary>The prompt's ids, at least one; not changed, and not kept after the answer ends.</summary>
    public required int[] PromptIds { get; init; }

    /// <summary>How tokens are drawn.</summary>
    public required SamplingParameters Sampling { get; init; }

    /// <summary>32 bytes, from <see cref="SamplingSeed"/>.</summary>
    public required byte[] Seed { get; init; }

    /// <summary>The most tokens to generate, at least 1.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Ids that end the answer, beside the model's own.</summary>
    public IReadOnlyCollection<int> StopIds { get; init; } = [];
}
