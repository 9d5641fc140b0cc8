using System.Runtime.Intrinsics;
using CsCheck;
using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tests.Compute;

public unsafe class LanesTests
{
    [Fact]
    public void PackingIsAPermutation() =>
        Assert.Equal(Enumerable.Range(0, 64), Enumerable.Range(0, 64).Select(Lanes.PackedIndex).Order());

    [Fact]
    public void DotFollowsItsDefinition() => Gen.Int[1, 5].SelectMany(steps => Gen.Select(Gen.Float[-4, 4].Array[steps * 16], Gen.Float[-4, 4].Array[steps * 16])).Sample((inputs, weights) =>
    {
        float[] packed = new float[inputs.Length];
        ushort[] stored = Array.ConvertAll(weights, Quantization.ToBFloat16);
        for (int k = 0; k < inputs.Length; k++)
        {
            packed[Lanes.PackedIndex(k)] = inputs[k];
        }

        float expected = Lane16Dot.Compute(stored, inputs);
        fixed (float* x = packed)
        fixed (ushort* w = stored)
        {
            return BitConverter.SingleToInt32Bits(Lanes.Dot(x, w, inputs.Length)) == BitConverter.SingleToInt32Bits(expected);
        }
    });

    [Fact]
    public void RoundingOfEightEqualsRoundingOfOne() => Gen.UInt.Sample(bits =>
    {
        // A NaN keeps its bits in the vector form; both stay NaN.
        float value = BitConverter.UInt32BitsToSingle(bits);
        float eight = Lanes.Round(Vector256.Create(value)).GetElement(5);
        return float.IsNaN(value) ? float.IsNaN(eight) && float.IsNaN(Lanes.Round(value)) : eight.Equals(Lanes.Round(value));
    });

    [Fact]
    public void ExponentialIsWithinTwoUnits()
    {
        for (float x = -87.2f; x < 88; x += 0.0037f)
        {
            double exact = Math.Exp(x);
            float actual = Lanes.Exp(Vector256.Create(x)).GetElement(3);
            double units = Math.Abs(actual - exact) / (MathF.BitIncrement((float)exact) - (float)exact);
            Assert.True(units <= 2, $"e^{x:R} is {actual:R} instead of {exact:R}");
        }

        Assert.Equal(1f, Lanes.Exp(Vector256<float>.Zero).GetElement(0));
        Assert.Equal(0f, Lanes.Exp(Vector256.Create(float.NegativeInfinity)).GetElement(0));
        Assert.Equal(0f, Lanes.Exp(Vector256.Create(-1e30f)).GetElement(0));
        Assert.True(float.IsNaN(Lanes.Exp(Vector256.Create(float.NaN)).GetElement(0)));
        Assert.True(Lanes.Exp(Vector256.Create(1e30f)).GetElement(0) > 1e38f);
    }
}
