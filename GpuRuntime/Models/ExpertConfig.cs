namespace Verathos.GpuRuntime.Models;

/// <summary>
/// Experts: a router's softmax gives every expert a share, the highest few compute, and their results are added by their shares.
/// </summary>
public sealed record ExpertConfig
{
    /// <summary>Experts of a layer.</summary>
    public required int Count { get; init; }

    /// <summary>Experts that compute for one token.</summary>
    public required int PerToken { get; init; }

    /// <summary>Width inside an expert.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Whether the shares of the chosen experts are divided by their sum.</summary>
    public required bool NormalisesShares { get; init; }

    /// <summary>Width inside the expert that every token passes, which a sigmoid gate weighs; 0 where there is none.</summary>
    public int SharedIntermediateSize { get; init; }
}
