using CsCheck;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tests.Formats;

public class QuantizationTests
{
    [Fact]
    public void BFloat16RoundsToTheNearestEven()
    {
        Assert.Equal(0x3f80, Quantization.ToBFloat16(1f));
        Assert.Equal(0x3f80, Quantization.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3f808000)));
        Assert.Equal(0x3f82, Quantization.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3f818000)));
        Assert.Equal(0x3f81, Quantization.ToBFloat16(BitConverter.UInt32BitsToSingle(0x3f808001)));
        Assert.Equal(0x7f80, Quantization.ToBFloat16(float.MaxValue));
        Assert.Equal(0xff80, Quantization.ToBFloat16(float.NegativeInfinity));
        Assert.True((Quantization.ToBFloat16(BitConverter.UInt32BitsToSingle(0x7f800001)) & 0x7f) != 0);
    }

    [Fact]
    public void BFloat16SurvivesTheWayThroughSingle() => Gen.UShort.Sample(bits =>
    {
        float[] wide = new float[1];
        Quantization.ToSingle(TensorType.BF16, BitConverter.GetBytes(bits), wide);
        return float.IsNaN(wide[0]) || Quantization.ToBFloat16(wide[0]) == bits;
    });

    [Fact]
    public void LengthsMustAgree() =>
        Assert.Throws<ArgumentException>(() => Quantization.ToSingle(TensorType.F16, new byte[3], new float[2]));

    [Fact]
    public void Q8KeepsTheGreatestMagnitudeOfABlockAndRoundsTheRest()
    {
        float[] values = new float[64];
        values[0] = -127;
        values[1] = 3.5f;
        values[2] = -2.5f;
        values[33] = 0;
        byte[] stored = Quantization.FromSingle(TensorType.Q80, values);
        float[] back = new float[64];
        Quantization.ToSingle(TensorType.Q80, stored, back);
        Assert.Equal([-127f, 4f, -3f, 0f], back[..4]);
        Assert.All(back[32..], static v => Assert.Equal(0, v));
        Assert.Throws<ArgumentException>(() => Quantization.FromSingle(TensorType.Q80, values.AsSpan(0, 33)));
    }
}
