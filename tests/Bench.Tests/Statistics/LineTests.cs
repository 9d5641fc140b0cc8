using Verathos.Bench.Statistics;

namespace Verathos.Bench.Tests.Statistics;

public class LineTests
{
    [Fact]
    public void TheSlopeOfALineIsItsOwn() => Assert.Equal(2.5, Line.Slope([1, 2, 5, 9], [4, 6.5, 14, 24]), 12);

    [Fact]
    public void NoiseAroundALevelHasNoSlope() => Assert.Equal(0, Line.Slope([1, 2, 3, 4], [7, 5, 5, 7]), 12);

    [Fact]
    public void OnePlaceIsNoLine()
    {
        Assert.Throws<ArgumentException>(() => Line.Slope([1, 1], [2, 3]));
        Assert.Throws<ArgumentException>(() => Line.Slope([1], [2]));
    }
}
