using CsCheck;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Tests.Numerics;

public sealed class Lane16Tests
{
    private static readonly Gen<(float[] Weights, float[] Input)> s_rows = Gen.Int[1, 90].SelectMany(n => Gen.Select(Gen.Float[-4, 4].Array[n], Gen.Float[-4, 4].Array[n]));

    [Fact]
    public void Products_follow_their_definition() => s_rows.Sample((weights, input) =>
    {
        ushort[] stored = Array.ConvertAll(weights, BFloat16.FromSingle);
        return Same(Lane16Dot.Compute(stored, input), Define(Array.ConvertAll(stored, BFloat16.ToSingle), input))
            && Same(Lane16Dot.Compute(weights, input), Define(weights, input));
    });

    [Fact]
    public void Lengths_must_agree()
    {
        Assert.Throws<ArgumentException>(() => Lane16Dot.Compute(new ushort[16], new float[15]));
        Assert.Throws<ArgumentException>(() => Lane16Dot.Compute(new float[15], new float[16]));
    }

    [Theory]
    [InlineData(1f, 0x3f80)]
    [InlineData(1.00390625f, 0x3f80)]
    [InlineData(1.01171875f, 0x3f82)]
    [InlineData(-0f, 0x8000)]
    [InlineData(3.4e38f, 0x7f80)]
    [InlineData(float.NaN, 0xffc0)]
    public void Rounding_takes_the_nearest_and_even_among_two(float value, int bits) => Assert.Equal(bits, BFloat16.FromSingle(value));

    [Theory]
    [InlineData(0x3f80, 0.0078125)]
    [InlineData(0xbfff, 0.0078125)]
    [InlineData(0x4000, 0.015625)]
    [InlineData(0x0000, 9.183549615799121e-41)]
    [InlineData(0x0080, 9.183549615799121e-41)]
    public void The_unit_in_the_last_place_is_that_of_the_exponent(int bits, double unit) => Assert.Equal(unit, BFloat16.UnitInLastPlace((ushort)bits));

    [Fact]
    public void Norms_are_those_of_the_reals_to_a_few_parts_in_a_thousand() => s_rows.Sample((weight, input) =>
    {
        float[] output = new float[input.Length];
        Lane16Math.Norm(input, weight, 1e-5f, output);
        double mean = input.Average(x => (double)x * x) + 1e-5;
        return Enumerable.Range(0, input.Length).All(i => Near(output[i], input[i] * weight[i] / Math.Sqrt(mean), 0.004));
    });

    [Fact]
    public void Activations_are_those_of_the_reals() => s_rows.Sample((gate, up) =>
    {
        float[] output = new float[gate.Length];
        Lane16Math.Activate(gate, up, output);
        return Enumerable.Range(0, gate.Length).All(i => Near(output[i], gate[i] / (1 + Math.Exp(-gate[i])) * up[i], 0.008));
    });

    [Fact]
    public void Attention_is_that_of_the_reals() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 24], Gen.Int[0, 999]).Sample((positions, width, seed) =>
    {
        Random random = new(seed);
        ushort[] Row(int n) => [.. Enumerable.Range(0, n).Select(_ => BFloat16.FromSingle((random.NextSingle() - 0.5f) * 4))];
        float[] query = Array.ConvertAll(Row(width), BFloat16.ToSingle);
        (ushort[] keys, ushort[] values) = (Row(positions * width), Row(positions * width));
        float[] output = new float[width];
        Lane16Math.Attend(query, keys, values, output);
        double[] weights = [.. Enumerable.Range(0, positions).Select(p => Math.Exp(Enumerable.Range(0, width).Sum(i => (double)query[i] * BFloat16.ToSingle(keys[(p * width) + i])) / Math.Sqrt(width)))];
        return Enumerable.Range(0, width).All(i =>
            Math.Abs(output[i] - (Enumerable.Range(0, positions).Sum(p => weights[p] * BFloat16.ToSingle(values[(p * width) + i])) / weights.Sum())) < 1e-4);
    });

    [Fact]
    public void A_turn_keeps_lengths_and_turns_back() => Gen.Select(Gen.Int[1, 20], Gen.Int[0, 5000], Gen.Int[0, 999]).Sample((half, position, seed) =>
    {
        Random random = new(seed);
        float[] head = [.. Enumerable.Range(0, 2 * half).Select(_ => random.NextSingle() - 0.5f)];
        double[] frequencies = [.. Enumerable.Range(0, half).Select(i => Math.Pow(10_000, -i / (double)half))];
        (float[] cosines, float[] sines, float[] turned) = (new float[half], new float[half], [.. head]);
        RotaryAngles.Write(position, frequencies, 1, cosines, sines);
        Lane16Math.Turn(turned, cosines, sines);
        double expected = (head[0] * Math.Cos(position * frequencies[0])) - (head[half] * Math.Sin(position * frequencies[0]));
        Lane16Math.Turn(turned, cosines, [.. sines.Select(s => -s)]);
        return Enumerable.Range(0, 2 * half).All(i => Math.Abs(turned[i] - head[i]) < 1e-5)
            && Math.Abs((head[0] * cosines[0]) - (head[half] * sines[0]) - expected) < 1e-5;
    });

    private static float Define(float[] weights, float[] input)
    {
        float[] lanes = new float[16];
        for (int k = 0; k < (input.Length + 15) / 16 * 16; k++)
        {
            lanes[k % 16] = MathF.FusedMultiplyAdd(k < input.Length ? weights[k] : 0, k < input.Length ? input[k] : 0, lanes[k % 16]);
        }

        float[] eight = [.. Enumerable.Range(0, 8).Select(i => lanes[2 * i] + lanes[(2 * i) + 1])];
        float[] four = [.. Enumerable.Range(0, 4).Select(i => eight[i] + eight[i + 4])];
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    private static bool Same(float a, float b) => BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b);

    private static bool Near(double actual, double expected, double relative) => Math.Abs(actual - expected) <= (relative * Math.Abs(expected)) + 1e-6;
}
