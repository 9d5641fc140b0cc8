using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>The stretching of rotary frequencies, with the parameters of its kind.</summary>
public sealed record RopeScaling
{
    /// <summary>No stretching.</summary>
    public static RopeScaling None { get; } = new();

    /// <summary>The kind; it decides which members below count.</summary>
    public RopeScalingKind Kind { get; init; }

    /// <summary>What frequencies are divided by.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Llama 3 and YaRN: positions of the first training.</summary>
    public int OriginalPositions { get; init; }

    /// <summary>Llama 3: wave lengths above <see cref="OriginalPositions"/> divided by this are stretched in full.</summary>
    public double LowFrequencyFactor { get; init; }

    /// <summary>Llama 3: wave lengths below <see cref="OriginalPositions"/> divided by this are kept.</summary>
    public double HighFrequencyFactor { get; init; }

    /// <summary>YaRN: frequencies that turn more often than this within <see cref="OriginalPositions"/> are kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: frequencies that turn less often than this within <see cref="OriginalPositions"/> are stretched in full.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>YaRN: what cosines and sines are multiplied by; null for 0.1 ln(factor) + 1.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Factors: one divisor for each pair of a head, in the order of frequencies.</summary>
    public IReadOnlyList<float> Divisors { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(RopeScaling? other) => other is not null && Kind == other.Kind && Factor == other.Factor
        && OriginalPositions == other.OriginalPositions && LowFrequencyFactor == other.LowFrequencyFactor
        && HighFrequencyFactor == other.HighFrequencyFactor && BetaFast == other.BetaFast && BetaSlow == other.BetaSlow
        && AttentionFactor == other.AttentionFactor && Divisors.SequenceEqual(other.Divisors);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Factor, OriginalPositions, Divisors.Count);

    /// <summary>Refuses parameters that no model has.</summary>
    internal void Validate(int headSize, double theta)
    {
        ModelConfig.Check(Factor is >= 1 and <= 1e6, "a rotary scaling factor", Factor);
        if (Kind is RopeScalingKind.Llama3 or RopeScalingKind.Yarn)
        {
            ModelConfig.Check(OriginalPositions is >= 1 and <= 1 << 24, "original_max_position_embeddings", OriginalPositions);
        }

        if (Kind == RopeScalingKind.Llama3)
        {
            ModelConfig.Check(LowFrequencyFactor is > 0 and < 1e6, "low_freq_factor", LowFrequencyFactor);
            ModelConfig.Check(HighFrequencyFactor > LowFrequencyFactor && HighFrequencyFactor < 1e6, "high_freq_factor", HighFrequencyFactor);
        }

        if (Kind == RopeScalingKind.Yarn)
        {
            ModelConfig.Check(theta > 1, "rope_theta with yarn", theta);
            ModelConfig.Check(BetaSlow is > 0 and < 1e6, "beta_slow", BetaSlow);
            ModelConfig.Check(BetaFast > BetaSlow && BetaFast < 1e6, "beta_fast", BetaFast);
            ModelConfig.Check(AttentionFactor is null or (> 0 and < 1e3), "attention_factor", AttentionFactor ?? 0);
        }

        if (Kind == RopeScalingKind.Factors && (Divisors.Count != headSize / 2 || Divisors.Any(static d => !(d is > 0 and < 1e6f))))
        {
            throw new ModelFormatException($"the rotary divisors are not {headSize / 2} positive numbers");
        }
    }
}
