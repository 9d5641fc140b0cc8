namespace Verathos.Bench.TrainingImpact;

/// <summary>What the bench of first-order impacts measures.</summary>
public sealed record ImpactOptions
{
    /// <summary>Seeds, each a run of its own.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>The round that stands for early training, from 1.</summary>
    public int Early { get; init; } = 5;

    /// <summary>The round that stands for late training.</summary>
    public int Late { get; init; } = 90;

    /// <summary>Held-out documents of 64 tokens; 1,024 are 65,536 tokens.</summary>
    public int Documents { get; init; } = 1_024;

    /// <summary>Told of measurements done and in all.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
