using System.Runtime.Intrinsics;
using CsCheck;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tests.Compute;

public unsafe class TileTests
{
    private static readonly Gen<(int Columns, int Rows, int Inputs, int Seed)> Cases =
        Gen.Select(Gen.Int[1, 90].Select(steps => steps * Lanes.Step), Gen.Int[1, 6], Gen.Int[1, 4], Gen.Int);

    [Fact]
    public void ATileOf256BitsHasTheBitsOfSingleProducts() => Cases.Sample(static c => Agrees<Tile256>(c.Columns, Math.Min(c.Rows, 3), c.Inputs, c.Seed));

    /// <summary>Where the processor lacks these registers, the runtime computes each as two of 256 bits.</summary>
    [Fact]
    public void ATileOf512BitsHasTheBitsOfSingleProducts() => Cases.Sample(static c => Agrees<Tile512>(c.Columns, c.Rows, c.Inputs, c.Seed));

    [Fact]
    public void StoringPackedFollowsThePackedIndex()
    {
        float[] values = [.. Enumerable.Range(0, 16)];
        float[] packed = new float[16];
        fixed (float* from = values)
        fixed (float* to = packed)
        {
            Lanes.StorePacked(Vector256.Load(from), Vector256.Load(from + 8), to);
        }

        Assert.All(values, k => Assert.Equal(k, packed[Lanes.PackedIndex((int)k)]));
    }

    private static bool Agrees<T>(int columns, int rows, int inputs, int seed)
        where T : ITile
    {
        Random random = new(seed);
        ushort[] weights = [.. Enumerable.Range(0, rows * columns).Select(_ => Quantization.ToBFloat16((random.NextSingle() - 0.5f) * 8))];
        float[] values = [.. Enumerable.Range(0, inputs * columns).Select(_ => (random.NextSingle() - 0.5f) * 8)];
        float[] panel = new float[T.Rows * columns];
        float[] sums = new float[T.Rows * InputRows.Count * Lanes.Step];
        float[] results = new float[T.Rows * InputRows.Count];
        int cut = random.Next(columns / Lanes.Step) * Lanes.Step;
        fixed (ushort* w = weights)
        fixed (float* x = values, p = panel, s = sums, r = results)
        {
            T.Unpack(w, rows, columns, p);
            InputRows four = new(x, 0, inputs, columns);
            if (cut > 0)
            {
                T.Accumulate(p, columns, four, 0, cut, s, r);
                Assert.All(results, static result => Assert.Equal(0, result));
            }

            T.Accumulate(p, columns, four, cut, columns - cut, s, r);
            for (int n = 0; n < rows; n++)
            {
                for (int m = 0; m < inputs; m++)
                {
                    if (BitConverter.SingleToInt32Bits(results[(n * InputRows.Count) + m]) != BitConverter.SingleToInt32Bits(Lanes.Dot(x + (m * columns), w + (n * columns), columns)))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    [Fact]
    public void TilesOfStoredBlocksHaveTheBitsOfSingleProducts() => Gen.Select(Gen.Int[1, 30], Gen.Int[1, 6], Gen.Int).Sample(static (blocks, rows, seed) =>
        AgreesOnBlocks<Tile256>(blocks * 32, Math.Min(rows, 3), seed) && AgreesOnBlocks<Tile512>(blocks * 32, rows, seed));

    private static bool AgreesOnBlocks<T>(int columns, int rows, int seed)
        where T : ITile
    {
        Random random = new(seed);
        sbyte[] elements = [.. Enumerable.Range(0, 8 * columns).Select(_ => (sbyte)random.Next(-128, 128))];
        float[] scales = [.. Enumerable.Range(0, 8 * columns / 32).Select(_ => (float)(Half)random.NextSingle())];
        float[] values = [.. Enumerable.Range(0, columns).Select(_ => random.NextSingle() - 0.5f)];
        float[] panel = new float[T.Rows * columns];
        float[] sums = new float[T.Rows * InputRows.Count * Lanes.Step];
        float[] results = new float[T.Rows * InputRows.Count];
        float[] four = new float[4];
        float[] exact = new float[16];
        fixed (sbyte* w = elements)
        fixed (float* s = scales, x = values, p = panel, a = sums, r = results, f = four)
        {
            T.UnpackBlocks(w, s, rows, columns, p);
            T.Accumulate(p, columns, new InputRows(x, 0, 1, columns), 0, columns, a, r);
            Q8Rows.Four(x, w, s, columns, f);
            for (int n = 0; n < rows; n++)
            {
                Array.Clear(exact);
                for (int k = 0; k < columns; k++)
                {
                    int lane = k % 16;
                    exact[lane] = MathF.FusedMultiplyAdd(w[(n * columns) + k] * s[((n * columns) + k) / 32], x[k], exact[lane]);
                }

                float expected = Q8Rows.Dot(x, w + (n * columns), s + (n * columns / 32), columns);
                if (results[n * InputRows.Count] != expected || (n < 4 && four[n] != expected) || exact.Any(float.IsNaN) || Lanes.Sum(Vector256.Create<float>(exact), Vector256.Create<float>(exact.AsSpan(8))) != expected)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
