using Verathos.Bench.Statistics;

namespace Verathos.Bench.Tests.Statistics;

public sealed class StatisticsTests
{
    [Fact]
    public void A_spread_orders_its_measurements() =>
        Assert.Equal(new Spread(4, 1, 2.5, 9, 9), Spread.Of([9, 1, 2, 3]));

    [Fact]
    public void Nothing_has_no_spread() => Assert.Throws<ArgumentException>(() => Spread.Of([]));

    [Fact]
    public void A_ratio_is_taken_pair_by_pair()
    {
        PairedRatio ratio = PairedRatio.Of([1, 20, 300], [2, 40, 600]);
        Assert.Equal(new PairedRatio(3, 0.5, 0.5, 0.5, 0.5, 0.5), ratio);
    }

    [Fact]
    public void The_interval_holds_the_median_and_lies_within_the_extremes()
    {
        double[] measured = [.. Enumerable.Range(1, 20).Select(i => 1 + (i % 7 * 0.01))];
        PairedRatio ratio = PairedRatio.Of(measured, [.. Enumerable.Repeat(1.0, 20)]);
        Assert.InRange(ratio.Median, ratio.Low, ratio.High);
        Assert.True(ratio.Minimum <= ratio.Low && ratio.Low < ratio.High && ratio.High <= ratio.Maximum);
    }

    [Fact]
    public void Unequal_numbers_are_refused() => Assert.Throws<ArgumentException>(() => PairedRatio.Of([1], [1, 2]));
}
