using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Sketches;

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

    /// <summary>How many of the likeliest tokens are named with every token, 0 to 20; null gives no log-probabilities.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>What the answer may be, or null. The engine takes it over with the request and disposes it; where the request is refused, the caller does.</summary>
    public TokenConstraint? Constraint { get; init; }

    /// <summary>Ids that end the answer, beside the model's own.</summary>
    public IReadOnlyCollection<int> StopIds { get; init; } = [];

    /// <summary>Ends the answer as the caller decides, or null. The engine takes it over with the request and disposes it; where the request is refused, the caller does.</summary>
    public StopCondition? StopCondition { get; init; }

    /// <summary>32 bytes that key the leaves of what is committed, or null where the computation is not; served profile only.</summary>
    public byte[]? TraceSecret { get; init; }

    /// <summary>32 bytes that choose the sketches' signs, from <see cref="SketchPlan.DeriveSeed"/>; with <see cref="TraceSecret"/> only.</summary>
    public byte[]? SketchSeed { get; init; }

    /// <summary>The most tokens that <see cref="LogProbabilities"/> names.</summary>
    public const int MaximumLogProbabilities = 20;

    /// <summary>Whether drawing a token needs the ids before it.</summary>
    internal bool NeedsHistory => Sampling.HasPenalties || Constraint is not null;
}
