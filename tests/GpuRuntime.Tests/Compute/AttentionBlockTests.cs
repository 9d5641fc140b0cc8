using System.Runtime.Intrinsics;
using CsCheck;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tests.Compute;

/// <summary>A block of queries beside the sums written out: each query alone, each score one product, each position one addition.</summary>
public unsafe class AttentionBlockTests
{
    private const int Page = Lane16Sequence.PagePositions;

    private static readonly Gen<(int Steps, int Heads, int Rows, int Position, int Window, int Seed)> Cases =
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, AttentionBlock.MostQueries], Gen.Int[1, AttentionBlock.MostQueries], Gen.Int[0, 150], Gen.Int[1, 200], Gen.Int);

    [Fact]
    public void ABlockInTilesOf256BitsHasTheBitsOfEachQueryAlone() => Cases.Sample(static c => Agrees<Tile256>(c.Steps, c.Heads, c.Rows, c.Position, c.Window, c.Seed));

    [Fact]
    public void ABlockInTilesOf512BitsHasTheBitsOfEachQueryAlone() => Cases.Sample(static c => Agrees<Tile512>(c.Steps, c.Heads, c.Rows, c.Position, c.Window, c.Seed));

    private static bool Agrees<T>(int steps, int heads, int most, int position, int window, int seed)
        where T : ITile
    {
        Random random = new(seed);
        int stride = steps * Lanes.Step;
        int rows = Math.Max(1, Math.Min(most, AttentionBlock.MostQueries / heads));
        int positions = position + rows;
        int pages = (positions + Page - 1) / Page;
        ushort[] kept = [.. Enumerable.Range(0, pages * 2 * Page * stride).Select(_ => Quantization.ToBFloat16((random.NextSingle() - 0.5f) * 4))];
        float[] queries = [.. Enumerable.Range(0, rows * heads * stride).Select(_ => Lanes.Round((random.NextSingle() - 0.5f) * 4))];
        int scoreSize = AttentionBlock.ScoreSize(positions);
        float[] scores = [.. Enumerable.Repeat(float.NaN, AttentionBlock.MostQueries * scoreSize)];
        float[] room = [.. Enumerable.Repeat(float.NaN, (int)AttentionBlock.RoomSize(stride))];
        byte*[] table = new byte*[pages];
        fixed (ushort* k = kept)
        fixed (float* q = queries, s = scores, r = room)
        fixed (byte** t = table)
        {
            for (int page = 0; page < pages; page++)
            {
                t[page] = (byte*)(k + ((long)page * 2 * Page * stride));
            }

            PagedRows paged = new(t, 0, (long)Page * stride * sizeof(ushort), stride);
            AttentionQueries block = new(q, heads * stride, heads, rows, position, window);
            float* results = AttentionBlock.Attend<T>(block, paged, 0.125f, s, scoreSize, r);
            for (int i = 0; i < block.Count; i++)
            {
                int end = position + (i / heads) + 1;
                float[] expected = Alone(q + (i * stride), paged, Math.Max(0, end - window), end);
                if (!new ReadOnlySpan<float>(results + (i * stride), stride).SequenceEqual(expected))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static float[] Alone(float* query, PagedRows rows, int first, int end)
    {
        float[] weights = new float[(end - first + 7) / 8 * 8];
        Array.Fill(weights, float.NegativeInfinity);
        for (int p = first; p < end; p++)
        {
            weights[p - first] = Lanes.Dot(query, rows.Key(p), rows.Stride) * 0.125f;
        }

        float top = weights.Max();
        Vector256<float> total = default;
        for (int p = 0; p < weights.Length; p += 8)
        {
            Vector256<float> eight = Lanes.Exp(Vector256.Create(weights.AsSpan(p, 8)) - Vector256.Create(top));
            Vector256.CopyTo(eight, weights.AsSpan(p));
            total += eight;
        }

        float share = 1 / Lanes.Sum(total, default);
        float[] mixed = new float[rows.Stride];
        for (int i = 0; i < rows.Stride; i++)
        {
            float sum = 0;
            for (int p = first; p < end; p++)
            {
                sum = MathF.FusedMultiplyAdd(BitConverter.UInt32BitsToSingle((uint)rows.Value(p)[i] << 16), weights[p - first], sum);
            }

            mixed[Lanes.PackedIndex(i)] = sum * share;
        }

        return mixed;
    }
}
