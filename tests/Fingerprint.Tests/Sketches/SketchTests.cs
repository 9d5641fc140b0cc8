using System.Buffers.Binary;
using System.Security.Cryptography;
using CsCheck;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Sketches;

public sealed class SketchTests
{
    private static readonly byte[] s_seed = SketchPlan.DeriveSeed("nonce"u8);

    [Theory]
    [InlineData(30, new[] { 7, 15, 22, 30 })]
    [InlineData(5, new[] { 1, 2, 3, 5 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(1, new[] { 1 })]
    public void Depths_are_the_quarters(int layers, int[] depths) => Assert.Equal(depths, SketchPlan.Depths(layers));

    [Fact]
    public void A_sketch_follows_its_description() => Gen.Select(Gen.Int[1, 5], Gen.Int[1, 400], Gen.Int[0, 999]).Sample((tokens, width, seed) =>
    {
        Random random = new(seed);
        float[][] streams = Streams(random, tokens, width);
        using Aes aes = Aes.Create();
        aes.Key = s_seed;
        float[] expected = new float[32];
        for (int element = 0; element < tokens * width; element++)
        {
            byte[] block = new byte[16];
            BinaryPrimitives.WriteInt32BigEndian(block, 7);
            BinaryPrimitives.WriteInt32BigEndian(block.AsSpan(4), 3);
            BinaryPrimitives.WriteInt64BigEndian(block.AsSpan(8), element / 4);
            uint word = BinaryPrimitives.ReadUInt32BigEndian(aes.EncryptEcb(block, PaddingMode.None).AsSpan(element % 4 * 4));
            float value = streams[element / width][element % width];
            for (int c = 0; c < 32; c++)
            {
                expected[c] += (word >> c & 1) == 1 ? -value : value;
            }
        }

        return Sketch(streams, 7, 3).AsSpan().SequenceEqual(expected.SelectMany(BitConverter.GetBytes).ToArray());
    }, iter: 20);

    [Fact]
    public void Depth_chunk_and_seed_give_other_sketches()
    {
        float[][] streams = Streams(new Random(1), 4, 64);
        byte[] own = Sketch(streams, 7, 3);
        Assert.NotEqual(own, Sketch(streams, 8, 3));
        Assert.NotEqual(own, Sketch(streams, 7, 4));
        Assert.NotEqual(own, Sketch(streams, 7, 3, SketchPlan.DeriveSeed("other"u8)));
        Assert.Throws<ArgumentException>(() => new SketchBuilder(new byte[31], 0, 0));
    }

    /// <summary>Noise of rounding keeps a sketch near; what a forger makes without the activations is far, in a hundred thousand tries of each kind.</summary>
    [Theory]
    [InlineData("zero")]
    [InlineData("constant")]
    [InlineData("copied")]
    [InlineData("mean")]
    public void Forged_sketches_are_far(string forger)
    {
        Random random = new(5);
        SketchLimits limits = new(new Dictionary<int, long> { [7] = 1_000_000 });
        double nearest = double.PositiveInfinity;
        byte[] constant = [.. Enumerable.Repeat(1f, 32).SelectMany(BitConverter.GetBytes)];
        byte[][] kept = [.. Enumerable.Range(0, 100).Select(i => Sketch(Streams(random, 4, 64), 7, i))];
        byte[] mean = [.. Enumerable.Range(0, 32).Select(c => kept.Average(k => BitConverter.ToSingle(k, 4 * c))).SelectMany(BitConverter.GetBytes)];
        for (int i = 0; i < 1000; i++)
        {
            byte[] own = Sketch(Streams(random, 4, 64), 7, i);
            for (int j = 0; j < 100; j++)
            {
                byte[] forged = forger switch { "zero" => new byte[128], "constant" => constant, "copied" => kept[j], _ => mean };
                SketchComparison comparison = SketchComparison.Of(forged, own);
                nearest = Math.Min(nearest, comparison.RelativeSquare);
                Assert.False(limits.Accepts(7, comparison));
            }
        }

        Assert.InRange(nearest, 0.1, 3);
    }

    [Fact]
    public void Rounding_noise_passes_and_each_depth_has_its_own_limit()
    {
        Random random = new(6);
        float[][] streams = Streams(random, 32, 64);
        float[][] noisy = [.. streams.Select(s => s.Select(x => BFloat16.Round(x * (1 + ((float)(random.NextDouble() - 0.5) / 128)))).ToArray())];
        SketchComparison comparison = SketchComparison.Of(Sketch(noisy, 7, 0), Sketch(streams, 7, 0));
        SketchLimits limits = new(new Dictionary<int, long> { [7] = 1_000_000, [15] = 1 });
        Assert.InRange(comparison.RelativeSquare, 1e-7, 1e-4);
        Assert.True(limits.Accepts(7, comparison));
        Assert.False(limits.Accepts(15, comparison));
        Assert.False(limits.Accepts(22, comparison));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.MaxValue)]
    public void What_is_no_number_never_passes(float value)
    {
        byte[] own = Sketch(Streams(new Random(1), 1, 64), 7, 0);
        byte[] claimed = [.. own];
        BinaryPrimitives.WriteSingleLittleEndian(claimed, value);
        SketchLimits limits = new(new Dictionary<int, long> { [7] = 1_000_000 });
        Assert.False(limits.Accepts(7, SketchComparison.Of(claimed, own)));
        Assert.False(limits.Accepts(7, SketchComparison.Of(new byte[128], new byte[128])));
        Assert.Throws<ArgumentException>(() => SketchComparison.Of(new byte[127], own));
    }

    [Fact]
    public void Chunks_are_committed_in_their_order_under_their_own_salts()
    {
        byte[] secret = SHA256.HashData("s"u8);
        using TraceSalts salts = new(secret);
        using Aes aes = Aes.Create();
        aes.Key = secret;
        byte[][] leaves = [.. Enumerable.Range(0, 3).Select(i => SHA256.HashData([0, .. Salt(aes, -3, i), 0, 0, 0, (byte)i, (byte)(10 + i)]))];
        ChunkCommitment sketches = ChunkCommitment.ForSketches(salts);
        ChunkCommitment proofs = ChunkCommitment.ForToploc(salts);
        Assert.Throws<InvalidOperationException>(sketches.Root);
        for (byte i = 0; i < 3; i++)
        {
            sketches.Append([(byte)(10 + i)]);
            proofs.Append([(byte)(10 + i)]);
        }

        Assert.Equal(SHA256.HashData([.. "verathos.sketch.v1"u8, 0, 0, 0, 3, .. MerkleTree.Root(leaves)]), sketches.Root());
        Assert.NotEqual(sketches.Root(), proofs.Root());
    }

    private static byte[] Salt(Aes aes, long position, long index)
    {
        byte[] blocks = new byte[32];
        BinaryPrimitives.WriteInt64BigEndian(blocks, position);
        BinaryPrimitives.WriteInt64BigEndian(blocks.AsSpan(8), 2 * index);
        BinaryPrimitives.WriteInt64BigEndian(blocks.AsSpan(16), position);
        BinaryPrimitives.WriteInt64BigEndian(blocks.AsSpan(24), (2 * index) + 1);
        return aes.EncryptEcb(blocks, PaddingMode.None);
    }

    private static float[][] Streams(Random random, int tokens, int width) =>
        [.. Enumerable.Range(0, tokens).Select(_ => Enumerable.Range(0, width).Select(_ => BFloat16.Round((float)(random.NextDouble() - 0.5))).ToArray())];

    private static byte[] Sketch(float[][] streams, int depth, int chunk, byte[]? seed = null)
    {
        using SketchBuilder builder = new(seed ?? s_seed, depth, chunk);
        Array.ForEach(streams, stream => builder.Add(stream));
        byte[] sketch = new byte[SketchPlan.Size];
        builder.Write(sketch);
        return sketch;
    }
}
