using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Statistics;
using Verathos.Fingerprint.Toploc;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Fingerprints.Recording;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Fingerprints;

public class CalibrationTests
{
    /// <summary>A small calibration of a real model: exact replays leave no room at all, those in binary32 some; all tables pass the gate and both files read back.</summary>
    [Fact]
    public void MeasuresLimitsAndTablesOfAModel()
    {
        CalibrationOptions options = new() { Answers = 2, PromptTokens = 12, AnswerTokens = 40, Products = 10 };
        CalibrationResult result = Calibration.Run(Vectors.Model("stories260K.gguf"), options, null, TestContext.Current.CancellationToken);
        Assert.Equal(["bf16-lane16/2", "bf16-lane16/2~f32"], result.Limits.Select(static limits => limits.Profile));
        Assert.Equal(0, result.Alarms);
        Assert.Equal(6 * ((51 * 5) + 40), result.Openings);
        (ModelLimits exact, ModelLimits near) = (result.Limits[0], result.Limits[1]);
        Assert.Equal(new ToplocLimits(0, 0, 0), exact.Toploc);
        Assert.All(exact.Sketches.Billionths.Values, static limit => Assert.Equal(0, limit));
        Assert.All(near.Sketches.Billionths.Values, static limit => Assert.InRange(limit, 1, 100_000_000));
        Assert.InRange(near.Toploc.MeanHundredths, 1, 2000);

        // Rounding alone explains every residual: kappa is about one, and no limit leaves more than 1e-13.
        Assert.Equal(LayerKey.Matrices + 1, result.Kappas.Count);
        Assert.All(result.Kappas.Take(LayerKey.Matrices), static kappa => Assert.InRange(kappa.Mean, 0.5, 1.6));
        Assert.All(result.Kappas, static kappa => Assert.InRange(kappa.Tail, 0, Calibration.Chance));
        Assert.True(result.Kappas[^1].Greatest < 1e-3);

        Assert.All(result.Tables, static table => Assert.True(table.PassesGate, table.Test));
        Assert.Equal(2 * (2 + exact.Sketches.Billionths.Count), result.Tables.Count);
        Assert.True(LimitTable.TryParse(result.MergeInto((LimitTable?)null).ToJson(), out LimitTable? limits, out _));
        Assert.True(LikelihoodTables.TryParse(result.MergeInto((LikelihoodTables?)null).ToJson(), out LikelihoodTables? tables, out _));
        Assert.Equal(2, result.MergeInto(limits).Models.Count);
        Assert.Equal(2, result.MergeInto(limits).Version);
        Assert.Equal(tables.Tables.Count, result.MergeInto(tables).Tables.Count);
    }

    /// <summary>The bound of a residual's tail holds where it can be counted, and lies above chi-square's.</summary>
    [Theory]
    [InlineData(1.0)]
    [InlineData(2.2)]
    public void TheTailsBoundHolds(double kappa)
    {
        Random random = new(5);
        const int samples = 20_000;
        double[] parts = [.. Enumerable.Range(0, 40).Select(_ => random.NextDouble())];
        double norm = Math.Sqrt(parts.Sum(static p => p * p) / kappa);
        double[] residuals = [.. Enumerable.Range(0, samples).Select(_ => Enumerable.Range(0, MatrixKey.Vectors).Sum(_ => Math.Pow(parts.Sum(p => (random.Next(2) == 0 ? p : -p) / norm), 2)))];
        foreach (double limit in (double[])[20, 30, 45, 60])
        {
            Assert.True(residuals.Count(r => r > limit) <= samples * ResidualTail.Above(limit, kappa));
            Assert.True(ChiSquare.UpperTail(limit / kappa, MatrixKey.Vectors) <= ResidualTail.Above(limit, kappa));
        }

        double found = ResidualTail.Limit(kappa, 1e-13);
        Assert.Equal(1e-13, ResidualTail.Above(found, kappa), 1e-15);
    }

    [Fact]
    public void OutcomesAreNumberedByTheirShareOfTheLimit()
    {
        ToplocLimits limits = new(4, 100, 8);
        Assert.Equal(0, TestOutcomes.OfToploc(new ToplocComparison(128, 0, 0, 0), limits));
        Assert.Equal(0, TestOutcomes.OfToploc(new ToplocComparison(128, 1, 0, 0), limits));
        Assert.Equal(1, TestOutcomes.OfToploc(new ToplocComparison(128, 2, 0, 0), limits));
        Assert.Equal(2, TestOutcomes.OfToploc(new ToplocComparison(128, 4, 0, 0), limits));
        Assert.Equal(3, TestOutcomes.OfToploc(new ToplocComparison(128, 5, 0, 0), limits));
        Assert.Equal(4, TestOutcomes.OfToploc(new ToplocComparison(128, 9, 0, 0), limits));
        Assert.Equal(4, TestOutcomes.OfToploc(new ToplocComparison(128, 128, 0, 0), limits));
        Assert.Equal(3, TestOutcomes.OfToploc(new ToplocComparison(128, 0, 256, 0), limits));
        Assert.Equal(4, TestOutcomes.OfToploc(new ToplocComparison(128, 0, 0, 17), limits));
        Assert.Equal(4, TestOutcomes.OfToploc(new ToplocComparison(128, 0, 1, 0), new ToplocLimits(0, 0, 0)));

        SketchLimits sketches = new(new Dictionary<int, long> { [2] = 1000, [3] = 0 });
        Assert.Equal([0, 1, 2, 3, 4], ((double[])[250e-9, 400e-9, 1000e-9, 2000e-9, 2001e-9]).Select(value => TestOutcomes.OfSketch(new SketchComparison(value), sketches, 2)));
        Assert.Equal(4, TestOutcomes.OfSketch(new SketchComparison(1e-12), sketches, 3));
        Assert.Equal(4, TestOutcomes.OfSketch(new SketchComparison(0), sketches, 4));
        Assert.Equal(4, TestOutcomes.OfSketch(new SketchComparison(double.PositiveInfinity), sketches, 2));
        Assert.Equal([0, 1, 2, 3, 4], ((long[])[0, 100_000, 500_000, 2_000_000, 2_000_001]).Select(TestOutcomes.OfMargin));
    }
}
