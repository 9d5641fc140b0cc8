namespace Verathos.Training.Aggregation;

/// <summary>A rule and what it needs.</summary>
public sealed record AggregationOptions
{
    /// <summary>The rule.</summary>
    public AggregationRule Rule { get; init; } = AggregationRule.TrustedClip;

    /// <summary>f, the contributions that may be bad; for the trimmed mean, Krum, Multi-Krum and Bulyan.</summary>
    public int Faulty { get; init; }

    /// <summary>The round's trusted gradient in the direction of contributions; for FLTrust and the default.</summary>
    public SparseVector? Trusted { get; init; }

    /// <summary>The round's predecessor's aggregate, around which is clipped; zeros where there is none.</summary>
    public SparseVector? Previous { get; init; }

    /// <summary>The clipping radius; null takes, in each iteration, the median distance of the contributions that count.</summary>
    public double? Radius { get; init; }

    /// <summary>Iterations of clipping, or of Weiszfeld's.</summary>
    public int Iterations { get; init; } = 3;

    /// <summary>Weiszfeld's nu: distances below it count as it.</summary>
    public double Smoothing { get; init; } = 1e-6;
}
