using System.Security.Cryptography;
using CsCheck;
using Verathos.Training.Compression;
using Verathos.Training.Impact;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Impact;

public sealed class ImpactTests
{
    private static readonly byte[] Secret = SHA256.HashData("a validator's secret"u8);

    [Fact]
    public void The_first_order_is_a_sparse_dot_product()
    {
        float[] heldOut = [1, 2, 3, 4];
        Assert.Equal(0.5 * ((2 * 10) + (4 * -1)), FirstOrderImpact.Improvement(new SparseVector(4, [1, 3], [10, -1]), heldOut, 0.5));
        Assert.Throws<ArgumentException>(() => FirstOrderImpact.Improvement(new SparseVector(3, [1], [10]), heldOut, 0.5));
    }

    [Fact]
    public void Its_promise_is_the_losss_own_in_the_limit()
    {
        // A loss of 0.5 sum of c (w - t)^2 with gradient c (w - t): eta (g, g0) against the fall at w - eta g.
        Random random = new(2);
        double[] c = [.. Enumerable.Range(0, 50).Select(_ => random.NextDouble() + 0.1)];
        double[] t = [.. Enumerable.Range(0, 50).Select(_ => Samples.Normal(random))];
        double Loss(double[] w) => w.Select((x, i) => 0.5 * c[i] * (x - t[i]) * (x - t[i])).Sum();
        float[] gradient = [.. t.Select((x, i) => (float)(c[i] * -x))];
        SparseVector contribution = SparseVector.Dense([.. gradient.Select(g => g + (0.1 * Samples.Normal(random)))]);
        foreach (double step in new[] { 1e-3, 1e-4 })
        {
            double exact = Loss(new double[50]) - Loss([.. contribution.ToDense().Select(g => -step * g)]);
            Assert.Equal(1, FirstOrderImpact.Improvement(contribution, gradient, step) / exact, 2 * step);
        }
    }

    [Fact]
    public void Long_contributions_are_cut_to_the_median_tensor_by_tensor()
    {
        GradientLayout layout = new([new GradientTensor("a", 1, 2), new GradientTensor("b", 1, 1)]);
        SparseVector[] clipped = FirstOrderImpact.Clip(layout, [SparseVector.Dense([3, 4, 1]), SparseVector.Dense([30, 40, 1]), SparseVector.Dense([0, 1, 7])]);
        Assert.Equal([3.0, 4, 1], clipped[0].ToDense());
        Assert.All(clipped[1].ToDense().Zip([3.0, 4, 1]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.Equal([0.0, 1, 1], clipped[2].ToDense());
    }

    [Fact]
    public void Tensor_norms_are_those_of_the_parts()
    {
        GradientLayout layout = Samples.Layout;
        float[] gradient = Samples.Gradient(layout, 3);
        double[] norms = TensorNorms.Of(layout, SparseVector.Dense([.. gradient.Select(value => (double)value)]));
        for (int tensor = 0; tensor < norms.Length; tensor++)
        {
            double expected = Math.Sqrt(gradient.Skip(layout.Offset(tensor)).Take(layout.Tensors[tensor].Count).Sum(value => (double)value * value));
            Assert.Equal(expected, norms[tensor], 1e-12);
        }
    }

    [Fact]
    public void Everything_above_the_median_and_three_deviations_is_confirmed()
    {
        // Median 5, deviations 4 3 2 1 0 1 2 3 4 with the median 2: the bound is 11.
        double[] impacts = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        Assert.DoesNotContain(Choose(impacts, 0), choice => choice.Reason != ConfirmationReason.None);
        impacts[8] = 11.001;
        Assert.Equal([ConfirmationReason.Outlier], Choose(impacts, 0).Where(choice => choice.Worker == Samples.Worker(8)).Select(choice => choice.Reason));
        Assert.Single(Choose(impacts, 0), choice => choice.Reason != ConfirmationReason.None);
        impacts[8] = double.NaN;
        Assert.Equal(ConfirmationReason.Outlier, Choose(impacts, 0).Single(choice => choice.Worker == Samples.Worker(8)).Reason);
    }

    [Fact]
    public void The_draw_is_the_secrets_and_the_rounds()
    {
        double[] impacts = [.. Enumerable.Range(0, 40).Select(i => i % 7.0)];
        IReadOnlyList<(WorkerKey, ConfirmationReason)> first = Choose(impacts, 0.25);
        Assert.Equal(10, first.Count(choice => choice.Item2 == ConfirmationReason.Drawn));
        Assert.Equal(first, ConfirmationPlan.Choose([.. Impacts(impacts).Reverse()], Secret, 1, 0.25));
        Assert.NotEqual(first, ConfirmationPlan.Choose(Impacts(impacts), Secret, 2, 0.25));
        Assert.NotEqual(first, ConfirmationPlan.Choose(Impacts(impacts), SHA256.HashData(Secret), 1, 0.25));
        Assert.Equal(40, Choose(impacts, 1).Count(choice => choice.Item2 == ConfirmationReason.Drawn));
        Assert.Empty(ConfirmationPlan.Choose([], Secret, 1, 1));
        int[] drawn = new int[40];
        for (ulong round = 0; round < 400; round++)
        {
            foreach ((WorkerKey worker, ConfirmationReason reason) in ConfirmationPlan.Choose(Impacts(impacts), Secret, round, 0.25))
            {
                drawn[worker.Bytes[3]] += reason == ConfirmationReason.Drawn ? 1 : 0;
            }
        }

        // 100 expected, deviation 8.7.
        Assert.All(drawn, count => Assert.InRange(count, 60, 140));
        Assert.Throws<ArgumentException>(() => ConfirmationPlan.Choose(Impacts(impacts), Secret.AsSpan(0, 15), 1, 0.25));
        Assert.Throws<ArgumentException>(() => ConfirmationPlan.Choose(Impacts(impacts), Secret, 1, 1.5));
        Assert.Throws<ArgumentException>(() => ConfirmationPlan.Choose([.. Impacts(impacts), .. Impacts(impacts)], Secret, 1, 0.5));
    }

    [Fact]
    public void Paired_losses_are_weighted_by_tokens_and_need_enough_of_them()
    {
        PairedLosses losses = new([2, 4], [1, 4.5], [49_152, 16_384]);
        Assert.Equal((2.5, 1.875), (losses.Before, losses.After));
        Assert.Equal((0.625, 0.25), (losses.Fall, losses.RelativeFall));
        Assert.Throws<ArgumentException>(() => new PairedLosses([2, 4], [1, 4.5], [49_152, 16_383]));
        Assert.Throws<ArgumentException>(() => new PairedLosses([2, 4], [1], [49_152, 16_384]));
        Assert.Throws<ArgumentException>(() => new PairedLosses([2, double.NaN], [1, 1], [49_152, 16_384]));
        Assert.Throws<ArgumentException>(() => new PairedLosses([2, -1], [1, 1], [49_152, 16_384]));
        Assert.Equal(double.PositiveInfinity, new PairedLosses([2], [1], [70_000]).StandardError);
    }

    [Fact]
    public void The_standard_error_is_that_of_the_differences()
    {
        // Differences of 0 and 2 over equal documents: deviation sqrt 2, error 1. How much documents differ does not matter.
        Assert.Equal(1, new PairedLosses([10, 100], [10, 98], [40_000, 40_000]).StandardError, 1e-12);
    }

    [Fact]
    public void A_norm_matched_promise_that_the_losses_deny_is_contradicted()
    {
        PairedLosses rose = new([3.0, 3.0], [3.0510, 3.0510], [40_000, 40_000]);
        MeasuredImpact measured = MeasuredImpact.From(0.0151, ConfirmationReason.Outlier, rose);
        Assert.True(measured.IsContradicted && measured.IsExact);
        Assert.Equal(-0.0510, measured.Value, 1e-12);
        Assert.False(MeasuredImpact.From(-0.01, ConfirmationReason.Drawn, rose).IsContradicted);
    }

    [Theory]
    [InlineData(0.5, ConfirmationReason.None, 0.5)]
    [InlineData(0.5, ConfirmationReason.Outlier, 0)]
    [InlineData(0.5, ConfirmationReason.Drawn, 0)]
    [InlineData(-0.5, ConfirmationReason.Outlier, -0.5)]
    [InlineData(double.NaN, ConfirmationReason.None, 0)]
    [InlineData(double.PositiveInfinity, ConfirmationReason.None, 0)]
    public void What_was_to_be_confirmed_and_was_not_counts_nothing(double promise, ConfirmationReason reason, double expected) =>
        Assert.Equal(new MeasuredImpact(expected, false, false), MeasuredImpact.From(promise, reason, null));

    [Fact]
    public void Spearmans_coefficient_is_that_of_the_ranks()
    {
        // The textbook's ten pairs (intelligence and hours of television): -29/165.
        double[] iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
        double[] hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
        Assert.Equal(-29.0 / 165, RankCorrelation.Spearman(iq, hours), 1e-12);
        Assert.Equal(1, RankCorrelation.Spearman([1, 2, 3], [10, 100, 1000]), 1e-12);
        Assert.Equal(-1, RankCorrelation.Spearman([1, 2, 3], [3, 2, 1]), 1e-12);
        Assert.Equal(0, RankCorrelation.Spearman([1, 2, 3], [5, 5, 5]));

        // With ties: ranks 1 2.5 2.5 4 against 1 2 3 4.
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), RankCorrelation.Spearman([1, 2, 2, 3], [1, 2, 3, 4]), 1e-12);
        Assert.Throws<ArgumentException>(() => RankCorrelation.Spearman([1], [1]));
        Assert.Throws<ArgumentException>(() => RankCorrelation.Spearman([1, 2], [1, double.NaN]));
    }

    [Fact]
    public void Spearmans_coefficient_does_not_see_monotone_changes() => Gen.Double[-5, 5].Array[3, 20].Sample(
        values => Assert.Equal(
            RankCorrelation.Spearman(values, [.. values.Select((_, i) => (double)((i * 7) % 5))]),
            RankCorrelation.Spearman([.. values.Select(value => 8 * value)], [.. values.Select((_, i) => (double)((i * 7) % 5))]),
            1e-9),
        iter: 50);

    private static (WorkerKey, double)[] Impacts(double[] impacts) => [.. impacts.Select((impact, i) => (Samples.Worker(i), impact))];

    private static IReadOnlyList<(WorkerKey Worker, ConfirmationReason Reason)> Choose(double[] impacts, double share) =>
        ConfirmationPlan.Choose(Impacts(impacts), Secret, 1, share);
}
