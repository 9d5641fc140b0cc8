using CsCheck;
using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Compute;

namespace Verathos.GpuRuntime.Tests.Compute;

public class RotaryTableTests
{
    [Fact]
    public void SineAndCosineAreExactToTheLastBits() => Gen.Double[0, 16_000_000].Sample(angle =>
    {
        (double sine, double cosine) = RotaryAngles.SinCos(angle);
        (double exactSine, double exactCosine) = Math.SinCos(angle);
        return Math.Abs(sine - exactSine) < 1e-15 && Math.Abs(cosine - exactCosine) < 1e-15;
    });

    [Theory]
    [InlineData(4, 10000)]
    [InlineData(32, 100000)]
    [InlineData(64, 500000)]
    [InlineData(1, 10000)]
    [InlineData(3, 0.5)]
    public void TableHoldsTheFrequencies(int half, double theta)
    {
        (float[] cosines, float[] sines) = RotaryTable.Make(300, SmallModel.Config with { HeadSize = 2 * half, RopeTheta = theta });
        for (int position = 0; position < 300; position++)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = position * Math.Pow(theta, -(double)i / half);
                Assert.Equal(Math.Cos(angle), cosines[(position * half) + i], 1e-7);
                Assert.Equal(Math.Sin(angle), sines[(position * half) + i], 1e-7);
            }
        }
    }
}
