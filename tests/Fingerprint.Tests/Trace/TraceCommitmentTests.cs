using System.Buffers.Binary;
using System.Security.Cryptography;
using CsCheck;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Trace;

public sealed class TraceCommitmentTests
{
    private static readonly TraceShape s_shape = RandomTrace.Shape;

    /// <summary>The root written out from the formats' description with nothing of the implementation.</summary>
    [Fact]
    public void The_root_is_that_of_the_description()
    {
        RandomTrace contents = new(5, 3, 1);
        using Aes aes = Aes.Create();
        aes.Key = RandomTrace.Secret;
        byte[] Salt(long position, long index) => aes.EncryptEcb([.. Big(position), .. Big(2 * index), .. Big(position), .. Big((2 * index) + 1)], PaddingMode.None);
        byte[][] chains = [.. Enumerable.Range(0, s_shape.Layers * s_shape.KvHeads).Select(i => Salt(-1, i))];
        List<byte[]> steps = [];
        for (int position = 0; position < 5; position++)
        {
            List<byte[]> leaves = [];
            for (int layer = 0; layer < s_shape.Layers; layer++)
            {
                List<byte> links = [];
                for (int head = 0; head < s_shape.KvHeads; head++)
                {
                    int slot = (layer * s_shape.KvHeads) + head;
                    chains[slot] = SHA256.HashData([2, .. chains[slot], .. Bytes(contents.Keys[position][slot]), .. Bytes(contents.Values[position][slot])]);
                    links.AddRange(chains[slot]);
                }

                byte[] outputs = SHA256.HashData([3, .. Salt(position, layer), .. Narrow(contents.AttentionOutputs[position][layer]), .. Narrow(contents.DownOutputs[position][layer])]);
                leaves.Add(SHA256.HashData([0, 1, .. Big(position), .. Big(layer)[4..], .. outputs, .. links]));
            }

            float[] logits = contents.Logits[position];
            leaves.Add(SHA256.HashData([
                0, 2, .. Salt(position, s_shape.Layers), .. Big(position), .. Big(logits.Length)[4..],
                .. logits.Chunk(1024).SelectMany(part => SHA256.HashData([.. part.SelectMany(BitConverter.GetBytes)])),
            ]));
            steps.Add(SHA256.HashData([0, .. Big(position), .. Big(contents.Ids[position])[4..], .. MerkleTree.Root(leaves)]));
        }

        byte[] shape = [.. new[] { 3, 20, 2, 8, 2500 }.SelectMany(n => Big(n)[4..])];
        Assert.Equal(SHA256.HashData([.. "verathos.trace.v2"u8, .. shape, .. Big(5), .. MerkleTree.Root(steps)]), contents.Root(3, 1, 1));
    }

    [Fact]
    public void Cuts_do_not_show() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 10_000]).Sample((steps, seed) =>
        {
            RandomTrace contents = new(steps, Math.Max(1, steps / 2), seed);
            byte[] alone = contents.Root([.. Enumerable.Repeat(1, steps)]);
            Random random = new(seed);
            List<int> cuts = [];
            while (cuts.Sum() < steps)
            {
                cuts.Add(random.Next(1, steps - cuts.Sum() + 1));
            }

            return contents.Root([.. cuts]).SequenceEqual(alone) && contents.Root(steps).SequenceEqual(alone);
        }, iter: 40);

    public static TheoryData<string, Action<RandomTrace>> Changes => new()
    {
        { "an attention output's last bit", t => t.AttentionOutputs[2][1][19] = Flip(t.AttentionOutputs[2][1][19]) },
        { "a down output's last bit", t => t.DownOutputs[0][2][0] = Flip(t.DownOutputs[0][2][0]) },
        { "a key", t => t.Keys[1][3][7] ^= 1 },
        { "a value", t => t.Values[4][0][0] ^= 1 },
        { "a logit", t => t.Logits[3][2400] = MathF.BitIncrement(t.Logits[3][2400]) },
        { "logits left out", t => t.Logits[3] = [] },
        { "an input id", t => t.Ids[0] ^= 1 },
        { "outputs exchanged", t => (t.AttentionOutputs[2][1], t.DownOutputs[2][1]) = (t.DownOutputs[2][1], t.AttentionOutputs[2][1]) },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Everything_is_committed(string what, Action<RandomTrace> change)
    {
        RandomTrace contents = new(5, 3, 1);
        byte[] before = contents.Root(5);
        change(contents);
        Assert.False(before.SequenceEqual(contents.Root(5)), what);
    }

    [Fact]
    public void Another_secret_gives_another_root()
    {
        RandomTrace contents = new(1, 1, 1);
        using TraceCommitment first = contents.Commit(1);
        using TraceSalts other = new(new byte[32]);
        byte[] salts = new byte[64];
        other.Write(0, salts);
        Assert.NotEqual(salts[..32], salts[32..]);
        Assert.NotEqual(first.StepHashes[0], StepHash(contents, other));
        using TraceSalts same = new(RandomTrace.Secret);
        Assert.Equal(first.StepHashes[0], StepHash(contents, same));
    }

    /// <summary>A pass of many sequences, some of them untraced, commits for each what it commits alone.</summary>
    [Fact]
    public void Neighbours_do_not_show()
    {
        RandomTrace[] contents = [.. Enumerable.Range(0, 19).Select(i => new RandomTrace(6, 1 + (i % 5), i))];
        TraceCommitment?[] traces = [.. contents.Select((c, i) => i % 4 == 3 ? null : new TraceCommitment(s_shape, RandomTrace.Secret))];
        using TraceBlock block = new(s_shape, 20, 3);
        for (int i = 0; i < traces.Length; i++)
        {
            // Prompts of different lengths first.
            if (traces[i] is { } trace)
            {
                RandomTrace.Commit(block, [.. Enumerable.Repeat(trace, 1 + (i % 5))], [.. Enumerable.Repeat(contents[i], 1 + (i % 5))]);
            }
        }

        RandomTrace.Commit(block, traces, contents);
        for (int i = 0; i < traces.Length; i++)
        {
            byte[] root = new byte[32];
            traces[i]?.WriteRoot(root);
            Assert.Equal(traces[i] is null ? root : contents[i].Root(2 + (i % 5)), root);
            traces[i]?.Dispose();
        }
    }

    [Fact]
    public void A_pass_must_be_complete_before_the_next()
    {
        using TraceCommitment trace = new(s_shape, RandomTrace.Secret);
        using TraceCommitment other = new(s_shape with { Layers = 4 }, RandomTrace.Secret);
        using TraceBlock block = new(s_shape, 2, 1);
        block.Begin([trace]);
        Assert.Throws<InvalidOperationException>(() => block.Begin([trace]));
        Assert.Throws<InvalidOperationException>(() => block.EndLayers(null!));
        Assert.Throws<ArgumentException>(() => block.SetAttentionOutput(0, new float[19]));
        Assert.Throws<ArgumentException>(() => block.Begin([other]));
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Begin([null, null, null]));
        Assert.Throws<InvalidOperationException>(() => trace.WriteRoot(new byte[32]));
    }

    [Fact]
    public void Salts_end_with_their_owner()
    {
        TraceSalts salts = new(RandomTrace.Secret);
        salts.Dispose();
        Assert.Throws<ObjectDisposedException>(() => salts.Write(0, new byte[32]));
        Assert.Throws<ArgumentException>(() => new TraceSalts(new byte[31]));
    }

    private static byte[] StepHash(RandomTrace contents, TraceSalts salts)
    {
        byte[] chains = new byte[s_shape.Layers * s_shape.KvHeads * 32];
        salts.Write(-1, chains);
        byte[] own = new byte[s_shape.Leaves * 32];
        salts.Write(0, own);
        List<byte[]> leaves = [];
        for (int layer = 0; layer < s_shape.Layers; layer++)
        {
            Span<byte> links = chains.AsSpan(layer * s_shape.KvHeads * 32, s_shape.KvHeads * 32);
            for (int head = 0; head < s_shape.KvHeads; head++)
            {
                int slot = (layer * s_shape.KvHeads) + head;
                TraceHash.Link(links.Slice(head * 32, 32), contents.Keys[0][slot], contents.Values[0][slot], links.Slice(head * 32, 32));
            }

            leaves.Add(TraceHash.Layer(0, layer, TraceHash.Outputs(own.AsSpan(layer * 32, 32), Cut(contents.AttentionOutputs[0][layer]), Cut(contents.DownOutputs[0][layer])), links));
        }

        leaves.Add(TraceHash.Logits(own.AsSpan(s_shape.Layers * 32), 0, contents.Logits[0]));
        byte[] hash = new byte[32];
        TraceHash.Step(0, contents.Ids[0], MerkleTree.Root(leaves), hash);
        return hash;
    }

    private static ushort[] Cut(float[] row) => [.. row.Select(x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16))];

    private static byte[] Narrow(float[] row) => Bytes(Cut(row));

    private static byte[] Bytes(ushort[] row) => [.. row.SelectMany(BitConverter.GetBytes)];

    private static float Flip(float value) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) ^ 0x10000);

    private static byte[] Big(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    [Fact]
    public void A_large_pass_does_not_go_on_over_outputs_that_were_not_hashed()
    {
        using TraceCommitment trace = new(RandomTrace.Shape, RandomTrace.Secret);
        using TraceBlock block = new(RandomTrace.Shape, 40, 1);
        block.Begin([.. Enumerable.Repeat(trace, 40)]);
        Assert.True(block.IsLarge);
        block.HashRows(0);
        block.HashRows(1);
        Assert.Throws<InvalidOperationException>(() => block.EndLayer());
    }
}
