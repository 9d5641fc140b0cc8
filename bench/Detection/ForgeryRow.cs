using Verathos.Fingerprint.Statistics;

namespace Verathos.Bench.Detection;

/// <summary>Sketches made without the layers' computation.</summary>
/// <param name="Kind">How they were made.</param>
/// <param name="Depth">Layers before.</param>
/// <param name="Tried">Tries, each under signs of its own.</param>
/// <param name="Passed">Within the loosest limit of the depth.</param>
/// <param name="Nearest">The least squared distance, relative.</param>
/// <param name="Limit">The limit.</param>
public sealed record ForgeryRow(string Kind, int Depth, long Tried, long Passed, double Nearest, double Limit)
{
    /// <summary>The greatest rate of passing that is not contradicted at 95 %; 1 where any passed.</summary>
    public double Bound => Passed == 0 && Tried > 0 ? AlarmRate.UpperBoundOfNone(Tried) : 1;
}
