namespace Verathos.Training.Gate;

/// <summary>The gate's bounds. All are written down; none has a default.</summary>
public sealed record GatePolicy
{
    /// <summary>Contributions without which nothing can be compared; at least 3.</summary>
    public required int LeastContributions { get; init; }

    /// <summary>Median absolute deviations by which a norm may lie from the median.</summary>
    public required double NormDeviations { get; init; }

    /// <summary>The share of the median by which a norm may lie from it in any case.</summary>
    public required double NormFloor { get; init; }

    /// <summary>The share of the median norm of whole contributions by which a tensor's norm may lie from the median in any case: small tensors are sent by few.</summary>
    public required double WholeNormFloor { get; init; }

    /// <summary>The least cosine to the momentum; -1 to 1.</summary>
    public required double LeastMomentumCosine { get; init; }

    /// <summary>Median absolute deviations of pairs above the median from which a pair is too alike, in direction, values or indices.</summary>
    public required double PairDeviations { get; init; }

    /// <summary>A cosine of a pair up to this is never too alike.</summary>
    public required double PairCosineFloor { get; init; }

    /// <summary>A share of indices in common up to this is never too alike.</summary>
    public required double PairIndexFloor { get; init; }

    /// <summary>A share of exactly equal values among the indices in common up to this is never too alike.</summary>
    public required double MostEqualValues { get; init; }

    /// <summary>Indices in common below which equal values mean nothing.</summary>
    public required int LeastSharedIndices { get; init; }

    /// <summary>The bounds that docs/training.md gives.</summary>
    public static GatePolicy Documented { get; } = new()
    {
        LeastContributions = 4,
        NormDeviations = 6,
        NormFloor = 0.5,
        WholeNormFloor = 0.1,
        LeastMomentumCosine = -0.05,
        PairDeviations = 8,
        PairCosineFloor = 0.3,
        PairIndexFloor = 0.5,
        MostEqualValues = 0.5,
        LeastSharedIndices = 32,
    };

    internal void Validate()
    {
        if (LeastContributions < 3 || !(NormDeviations > 0) || !(NormFloor >= 0) || !(WholeNormFloor >= 0) || !(LeastMomentumCosine is >= -1 and <= 1)
            || !(PairDeviations > 0) || !(PairCosineFloor is >= 0 and <= 1) || !(PairIndexFloor is >= 0 and <= 1) || !(MostEqualValues is > 0 and <= 1) || LeastSharedIndices < 1)
        {
            throw new ArgumentException("a bound of the gate is out of range");
        }
    }
}
