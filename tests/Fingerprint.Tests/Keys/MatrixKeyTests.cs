using System.Security.Cryptography;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Statistics;

namespace Verathos.Fingerprint.Tests.Keys;

public sealed class MatrixKeyTests
{
    private static readonly MatrixLimits s_limits = MatrixLimits.FromKappa(2, 1e-12, 0);

    [Theory]
    [InlineData(256, 256, false)]
    [InlineData(300, 75, true)]
    [InlineData(40, 640, false)]
    public void Honest_products_pass_and_their_residuals_are_kappa_times_a_chi_square(int rows, int columns, bool bias)
    {
        RandomMatrix matrix = new(rows, columns, 1, bias);
        double sum = 0;
        const int keys = 10, products = 10;
        for (int k = 0; k < keys; k++)
        {
            using MatrixKey key = matrix.Key();
            for (int i = 0; i < products; i++)
            {
                float[] input = matrix.Input();
                MatrixJudgement judgement = key.Judge(input, matrix.Multiply(input));
                Assert.Equal(0, judgement.RowMismatches);
                Assert.Equal(Math.Min(64, rows), judgement.RowsCompared);
                Assert.True(s_limits.Accepts(judgement), $"residual {judgement.Residual}");
                sum += judgement.Residual;
            }
        }

        // The mean of a chi-square is its degrees; rounding errors are not quite uniform.
        Assert.InRange(sum / (keys * products * MatrixKey.Vectors), 0.6, 1.6);
    }

    [Fact]
    public void Weights_rounded_to_int8_fail_by_their_secret_rows_and_coarser_ones_by_the_residual()
    {
        RandomMatrix matrix = new(512, 256, 2);
        using MatrixKey key = matrix.Key();
        float[] input = matrix.Input();
        MatrixJudgement int8 = key.Judge(input, matrix.Multiply(input, matrix.PerChannelInt8()));
        Assert.InRange(int8.RowMismatches, 30, 64);
        Assert.False(s_limits.Accepts(int8));
        float[][] coarse = [.. matrix.Weights.Select(row => row.Select(w => BFloat16.Round(MathF.Round(w * 128) / 128)).ToArray())];
        Assert.False((s_limits with { RowMismatches = 64 }).Accepts(key.Judge(input, matrix.Multiply(input, coarse))));
    }

    /// <summary>What only the residual sees: an output changed in a row that is none of the secret ones.</summary>
    [Fact]
    public void A_change_outside_the_secret_rows_is_seen_by_the_residual()
    {
        RandomMatrix matrix = new(128, 64, 3);
        using MatrixKey key = matrix.Key(16);
        float[] input = matrix.Input();
        float[] output = matrix.Multiply(input);
        int outside = Enumerable.Range(0, 128).First(i => !key.RowIndices.Contains(i));
        output[outside] += 1;
        MatrixJudgement judgement = key.Judge(input, output);
        Assert.Equal(0, judgement.RowMismatches);
        Assert.False(s_limits.Accepts(judgement));
    }

    /// <summary>What only the secret rows see: one bit of one of them.</summary>
    [Fact]
    public void A_last_bit_of_a_secret_row_is_seen()
    {
        RandomMatrix matrix = new(128, 64, 4);
        using MatrixKey key = matrix.Key(16);
        float[] input = matrix.Input();
        float[] output = matrix.Multiply(input);
        output[key.RowIndices[7]] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(output[key.RowIndices[7]]) ^ 0x10000);
        MatrixJudgement judgement = key.Judge(input, output);
        Assert.Equal(1, judgement.RowMismatches);
        Assert.True((s_limits with { RowMismatches = 1 }).Accepts(judgement));
        Assert.False(s_limits.Accepts(judgement));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_no_number_never_passes(float value)
    {
        RandomMatrix matrix = new(32, 32, 5);
        using MatrixKey key = matrix.Key(4);
        float[] input = matrix.Input();
        float[] output = matrix.Multiply(input);
        output[Enumerable.Range(0, 32).First(i => !key.RowIndices.Contains(i))] = value;
        MatrixJudgement judgement = key.Judge(input, output);
        Assert.Equal(double.PositiveInfinity, judgement.Residual);
        Assert.False(new MatrixLimits(long.MaxValue, 64).Accepts(judgement));
    }

    /// <summary>Under a massive bias the energy of all other rows would hide, were rows not scaled.</summary>
    [Fact]
    public void Rows_are_scaled_so_that_a_massive_one_hides_nothing()
    {
        RandomMatrix matrix = new(256, 64, 6);
        for (int i = 0; i < 4; i++)
        {
            matrix.Weights[i] = [.. matrix.Weights[i].Select(w => w * 4096)];
        }

        using MatrixKey key = matrix.Key(4);
        float[] input = matrix.Input();
        float[][] coarse = [.. matrix.Weights.Select((row, i) => i < 4 ? row : row.Select(w => BFloat16.Round(MathF.Round(w * 128) / 128)).ToArray())];
        Assert.False((s_limits with { RowMismatches = 4 }).Accepts(key.Judge(input, matrix.Multiply(input, coarse))));
    }

    [Fact]
    public void Logits_are_compared_without_rounding()
    {
        RandomMatrix matrix = new(300, 64, 7);
        using MatrixKey key = matrix.Key();
        float[] input = matrix.Input();
        float[] logits = matrix.Multiply(input, round: false);
        Assert.True(s_limits.Accepts(key.Judge(input, logits, rounded: false)));
        logits[key.RowIndices[0]] = MathF.BitIncrement(logits[key.RowIndices[0]]);
        Assert.Equal(1, key.Judge(input, logits, rounded: false).RowMismatches);
    }

    [Fact]
    public void Keys_of_one_matrix_differ_and_choose_rows_evenly()
    {
        RandomMatrix matrix = new(64, 16, 8);
        int[] times = new int[64];
        for (int k = 0; k < 400; k++)
        {
            using MatrixKey key = matrix.Key(16);
            Assert.Equal(16, key.RowIndices.Distinct().Count());
            Array.ForEach(key.RowIndices, i => times[i]++);
        }

        // 400 draws at one in four: 100 and a standard deviation of 8.7.
        Assert.All(times, count => Assert.InRange(count, 55, 145));
    }

    [Fact]
    public void A_key_is_overwritten_when_disposed()
    {
        MatrixKey key = new RandomMatrix(32, 16, 9, bias: true).Key(8);
        key.Dispose();
        Assert.All(key.Seed, b => Assert.Equal(0, b));
        Assert.All(key.Signs, s => Assert.Equal(0, s));
        Assert.All(key.Products, p => Assert.Equal(0f, p));
        Assert.All(key.RowWeights, w => Assert.Equal(0f, w));
        Assert.All(key.RowBiases, b => Assert.Equal(0f, b));
        Assert.All(key.RowIndices, i => Assert.Equal(0, i));
        Assert.All(key.BiasProducts, b => Assert.Equal(0.0, b));
    }

    [Fact]
    public void Rows_must_be_whole_finite_and_as_many_as_announced()
    {
        using MatrixKeyBuilder builder = new("m", 1, 2, 1);
        Assert.Throws<InvalidOperationException>(builder.Build);
        Assert.Throws<ArgumentException>(() => builder.AddRow([1]));
        Assert.Throws<ArgumentException>(() => builder.AddRow([1, float.NaN]));
        Assert.Throws<ArgumentException>(() => builder.AddRow([1, 2], 1));
        builder.AddRow([1, 2]);
        Assert.Throws<InvalidOperationException>(() => builder.AddRow([1, 2]));
        using MatrixKey key = builder.Build();
        Assert.Throws<InvalidOperationException>(builder.Build);
        Assert.Throws<ArgumentException>(() => key.Judge([1], [1]));
    }

    [Fact]
    public void Exact_products_of_integers_pass_and_no_other()
    {
        Random random = new(10);
        sbyte[][] weights = [.. Enumerable.Range(0, 50).Select(_ => Bytes(random, 70))];
        using IntegerMatrixKey key = new(50, 70);
        Assert.Throws<InvalidOperationException>(() => key.Accepts(new sbyte[70], new int[50]));
        Array.ForEach(weights, row => key.AddRow(row));
        Assert.Throws<InvalidOperationException>(() => key.AddRow(weights[0]));
        for (int i = 0; i < 50; i++)
        {
            sbyte[] input = Bytes(random, 70);
            int[] output = [.. weights.Select(row => row.Zip(input, (w, x) => w * x).Sum())];
            Assert.True(key.Accepts(input, output));
            output[i] += i % 2 == 0 ? 1 : -1;
            Assert.False(key.Accepts(input, output));
        }

        Assert.False(key.Accepts(new sbyte[69], new int[50]));
        Assert.False(key.Accepts(new sbyte[70], new int[49]));
    }

    [Theory]
    [InlineData(39.252, 16, 0.001)]
    [InlineData(26.296, 16, 0.05)]
    [InlineData(9.210, 2, 0.01)]
    public void Tails_are_those_of_the_tables(double value, int degrees, double chance)
    {
        Assert.InRange(ChiSquare.UpperTail(value, degrees) / chance, 0.99, 1.01);
        Assert.InRange(ChiSquare.UpperQuantile(chance, degrees) / value, 0.999, 1.001);
    }

    private static sbyte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return [.. bytes.Select(b => (sbyte)b)];
    }
}
