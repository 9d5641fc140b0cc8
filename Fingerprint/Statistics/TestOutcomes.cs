using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;

namespace Verathos.Fingerprint.Statistics;

/// <summary>
/// Numbers the outcomes of the tests that weigh by likelihood tables. Calibration counts by the same numbers as a validator observes
/// by. 0 is the nearest to honest; where a limit is nought, everything but nought is the farthest.
/// </summary>
public static class TestOutcomes
{
    /// <summary>Outcomes of every test.</summary>
    public const int Count = 5;

    /// <summary>The test of one chunk's TOPLOC proof.</summary>
    public const string Toploc = "toploc";

    /// <summary>The test of one token's margin.</summary>
    public const string Margin = "margin";

    private const int Farthest = Count - 1;

    /// <summary>The test of one chunk's sketch after some layers.</summary>
    public static string Sketch(int depth) => $"sketch.{depth.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>The largest of the three shares of its limit: up to a quarter, a half, the whole, twice; more, or no point agrees.</summary>
    public static int OfToploc(in ToplocComparison comparison, ToplocLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return comparison.Agreeing < 1
            ? Farthest
            : Math.Max(
                Share(comparison.ExponentMismatches, limits.ExponentMismatches),
                Math.Max(Share(100L * comparison.MantissaSum, (long)limits.MeanHundredths * comparison.Agreeing), Share(comparison.MantissaMedianTwice, limits.MedianTwice)));
    }

    /// <summary>The share of the depth's limit: up to a quarter, a half, the whole, twice; more, or the depth has none.</summary>
    public static int OfSketch(in SketchComparison comparison, SketchLimits limits, int depth)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return limits.Billionths.TryGetValue(depth, out long limit) && comparison.RelativeSquare * 1e9 <= long.MaxValue / 4 ? Share((long)Math.Ceiling(comparison.RelativeSquare * 1e9), limit) : Farthest;
    }

    /// <summary>A token's margin: none, up to a tenth of a logit, a half, two; more.</summary>
    /// <param name="micro">In millionths of a logit.</param>
    public static int OfMargin(long micro) => micro switch
    {
        <= 0 => 0,
        <= 100_000 => 1,
        <= 500_000 => 2,
        <= 2_000_000 => 3,
        _ => Farthest,
    };

    private static int Share(long value, long limit) =>
        value <= 0 ? 0 : limit <= 0 ? Farthest : value > 2 * limit ? Farthest : value > limit ? 3 : 2 * value > limit ? 2 : 4 * value > limit ? 1 : 0;
}
