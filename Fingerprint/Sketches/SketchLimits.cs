namespace Verathos.Fingerprint.Sketches;

/// <summary>What is tolerated of sketches, measured for one model in one numeric profile, depth by depth: noise grows with depth and so must the limit.</summary>
/// <param name="Billionths">For each depth, the greatest relative square, in billionths.</param>
public sealed record SketchLimits(IReadOnlyDictionary<int, long> Billionths)
{
    /// <summary>Whether a sketch at a depth is within its limit. A depth without one is never.</summary>
    public bool Accepts(int depth, SketchComparison comparison) =>
        Billionths.TryGetValue(depth, out long limit) && comparison.RelativeSquare * 1e9 <= limit;
}
