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
        int cut = random.Next(columns / Lanes.Step) * Lanes.Step;
        fixed (ushort* w = weights)
        fixed (float* x = values, p = panel, s = sums)
        {
            T.Unpack(w, rows, columns, p);
            InputRows four = new(x, 0, inputs, columns);
            if (cut > 0)
            {
                T.Accumulate(p, columns, four, 0, cut, s);
            }

            T.Accumulate(p, columns, four, cut, columns - cut, s);
            for (int n = 0; n < rows; n++)
            {
                Vector128<float> result = T.Sum(s, n);
                for (int m = 0; m < inputs; m++)
                {
                    if (BitConverter.SingleToInt32Bits(result.GetElement(m)) != BitConverter.SingleToInt32Bits(Lanes.Dot(x + (m * columns), w + (n * columns), columns)))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }
}
