using Verathos.Bench.Detection;
using Verathos.Bench.Detection.Attacks;
using Verathos.Testing;

namespace Verathos.Bench.Tests.Detection;

public class DetectionBenchTests
{
    private static readonly string[] s_some = ["int8-group32", "kv-int8-hidden", "raised-logit", "hidden-prompt-cut", "chosen-steps", "grinding"];

    /// <summary>A small run: every attack falls to the tests that are named, nothing honest does, and the same seed gives the same counts.</summary>
    [Fact]
    public void AttacksFallToTheirTestsAndCountsRepeat()
    {
        DetectionReport report = Run(s_some);
        DetectionReport again = Run(s_some);
        Assert.Empty(report.Failures);
        Assert.Equal(["none", .. s_some.SkipLast(1).Order(StringComparer.Ordinal)], report.Attacks.Select(static attack => attack.Attack).Order(StringComparer.Ordinal).OrderBy(static name => name != "none"));
        Assert.All(report.Attacks.Zip(again.Attacks), static pair => Assert.Equal(pair.First.Rows, pair.Second.Rows));
        Assert.Equal(report.Grinding, again.Grinding);
        Assert.All(Of(report, "none").Rows.Where(static row => !row.Test.EndsWith("f32", StringComparison.Ordinal)), static row => Assert.Equal(0, row.Caught));
        Assert.All((string[])["T1", "T1 secret rows", "T3 step hashes"], test => Assert.Equal(Of(report, "int8-group32").Of(test)!.Tried, Of(report, "int8-group32").Of(test)!.Caught));
        DetectionRow hidden = Of(report, "kv-int8-hidden").Of("T1 attention")!;
        Assert.Equal(hidden.Tried, hidden.Caught);
        Assert.Equal(["Links"], Of(report, "hidden-prompt-cut").FirstChecks.Keys);
        DetectionRow raised = Of(report, "raised-logit").Of("T1 output rows")!;
        Assert.Equal(raised.Tried, raised.Caught);
        Assert.InRange(Of(report, "chosen-steps").Of("T1")!.Caught, 1, Of(report, "chosen-steps").Of("T1")!.Tried - 1);
        Assert.True(report.Grinding!.Leaked < report.Grinding.Openings / 50);
        string page = DetectionMarkdown.Write([report]);
        Assert.Contains("(1 - s)^n", page, StringComparison.Ordinal);
        Assert.Contains("| int8-group32 |", page, StringComparison.Ordinal);
    }

    /// <summary>Forged sketches and perturbations that pass, of a random model.</summary>
    [Fact]
    public void ForgedSketchesDoNotPassAndToleranceIsSearched()
    {
        DetectionReport report = Run(["forged-sketches", "tolerance"], forgeries: 600);
        Assert.Equal(600, report.Forgeries.Sum(static row => row.Tried));
        Assert.All(report.Forgeries, static row => Assert.Equal(0, row.Passed));
        Assert.All(report.Forgeries, static row => Assert.True(row.Nearest > 3 * row.Limit));
        Assert.Equal(3, report.Tolerance.Select(static row => row.Kind).Distinct().Count());
        Assert.All(report.Tolerance, static row => Assert.True(row.Openings > 0 && row.Steps > 0));
        Assert.Equal(0, report.Tolerance[0].Passed);
    }

    [Fact]
    public void GptqChangesOutputsLessThanPlainRounding()
    {
        Random random = new(3);
        const int columns = 64, rows = 32;
        float[] mix = [.. Enumerable.Range(0, columns * 8).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[][] inputs = [.. Enumerable.Range(0, 400).Select(_ =>
        {
            // Correlated, or there is nothing to gain.
            double[] hidden = [.. Enumerable.Range(0, 8).Select(_ => random.NextDouble() - 0.5)];
            return Enumerable.Range(0, columns).Select(i => (float)((0.05 * random.NextDouble()) + hidden.Select((h, j) => h * mix[(i * 8) + j]).Sum())).ToArray();
        })];
        float[] weights = [.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] gptq = [.. weights], plain = [.. weights];
        GptqRounding.Round(gptq, GptqRounding.Factor(inputs, columns), 7, 32);
        for (int at = 0; at < plain.Length; at += 32)
        {
            GpuRuntime.Fingerprints.Recording.WeightRounding.Round(plain.AsSpan(at, 32), 7);
        }

        double Error(float[] changed) => inputs.Sum(input => Enumerable.Range(0, rows).Sum(row => Math.Pow(Enumerable.Range(0, columns).Sum(i => (double)input[i] * (changed[(row * columns) + i] - weights[(row * columns) + i])), 2)));
        Assert.True(Error(gptq) < 0.7 * Error(plain));
        Assert.All(gptq.Zip(weights), static pair => Assert.NotEqual(float.NaN, pair.First));
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(448f, 448f)]
    [InlineData(1000f, 448f)]
    [InlineData(-17f, -16f)]
    [InlineData(-19f, -20f)]
    [InlineData(1.0625f, 1f)]
    [InlineData(1.1875f, 1.25f)]
    [InlineData(0.001953125f, 0.001953125f)]
    [InlineData(0.0009f, 0f)]
    public void Float8HasThreeBitsOfMantissa(float value, float expected) => Assert.Equal(expected, Float8.Round(value));

    [Fact]
    public void RidgeRegressionFindsALine()
    {
        double[][] features = [.. Enumerable.Range(0, 50).Select(static i => (double[])[1, i / 10.0, i * i / 100.0])];
        RidgeRegression fit = RidgeRegression.Fit(features, [.. features.Select(static f => (double[])[3 - (2 * f[1]) + f[2], f[1]])], 1e-9);
        Assert.Equal(3 - 14 + 49, fit.Predict([1, 7, 49])[0], 1e-2f);
        Assert.Equal(7, fit.Predict([1, 7, 49])[1], 1e-2f);
    }

    [Fact]
    public void ChecksUntilCaughtFollowFromTheShare()
    {
        Assert.Equal((1L, 1L), (new DetectionRow("", 9, 9).Median!.Value, new DetectionRow("", 9, 9).P99!.Value));
        Assert.Equal((1L, 7L), (new DetectionRow("", 10, 5).Median!.Value, new DetectionRow("", 10, 5).P99!.Value));
        Assert.Null(new DetectionRow("", 10, 0).Median);
    }

    private static DetectionReport Run(string[] attacks, long forgeries = 60) => DetectionBench.Run(
        new DetectionOptions { Model = Vectors.Model("stories260K.gguf"), Count = 2, Attacks = attacks, Forgeries = forgeries, CalibrationAnswers = 2 },
        TestContext.Current.CancellationToken);

    private static AttackReport Of(DetectionReport report, string attack) => report.Attacks.Single(one => one.Attack == attack);
}
