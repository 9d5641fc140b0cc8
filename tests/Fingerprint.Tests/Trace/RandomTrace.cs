using System.Runtime.InteropServices;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Trace;

/// <summary>Random contents of a trace.</summary>
public sealed class RandomTrace
{
    public static readonly TraceShape Shape = new(3, 20, 2, 8, 2500);
    public static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public RandomTrace(int steps, int prompt, int seed)
    {
        Random random = new(seed);
        float[] Row(int length) => [.. Enumerable.Range(0, length).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.Next(0x3f00, 0x4100) << 16) * (random.Next(2) == 0 ? 1 : -1))];
        ushort[] Bits(int length) => [.. Row(length).Select(x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16))];
        for (int step = 0; step < steps; step++)
        {
            Ids.Add(random.Next(Shape.VocabularySize));
            AttentionOutputs.Add([.. Enumerable.Range(0, Shape.Layers).Select(_ => Row(Shape.HiddenSize))]);
            DownOutputs.Add([.. Enumerable.Range(0, Shape.Layers).Select(_ => Row(Shape.HiddenSize))]);
            Keys.Add([.. Enumerable.Range(0, Shape.Layers * Shape.KvHeads).Select(_ => Bits(Shape.HeadSize))]);
            Values.Add([.. Enumerable.Range(0, Shape.Layers * Shape.KvHeads).Select(_ => Bits(Shape.HeadSize))]);
            Logits.Add(step < prompt - 1 ? [] : Row(Shape.VocabularySize));
        }
    }

    public List<int> Ids { get; } = [];

    public List<float[][]> AttentionOutputs { get; } = [];

    public List<float[][]> DownOutputs { get; } = [];

    public List<ushort[][]> Keys { get; } = [];

    public List<ushort[][]> Values { get; } = [];

    public List<float[]> Logits { get; } = [];

    public TraceCommitment Commit(params int[] cuts)
    {
        TraceCommitment trace = new(Shape, Secret);
        using TraceBlock block = new(Shape, Math.Max(7, cuts.Max()), 3);
        foreach (int rows in cuts)
        {
            Commit(block, [.. Enumerable.Repeat(trace, rows)], [.. Enumerable.Repeat(this, rows)]);
        }

        return trace;
    }

    /// <summary>A pass: each row is the next of some contents, and either all are of one or each is of another.</summary>
    public static void Commit(TraceBlock block, TraceCommitment?[] owners, RandomTrace[] contents)
    {
        bool one = owners.Length > 1 && owners[0] == owners[1];
        int[] positions = [.. owners.Select((owner, row) => (int)(owner?.Steps ?? 0) + (one ? row : 0))];
        block.Begin(owners);
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            int at = layer;
            Parallel.For(0, owners.Length, row =>
            {
                block.SetAttentionOutput(row, contents[row].AttentionOutputs[positions[row]][at]);
                block.SetDownOutput(row, contents[row].DownOutputs[positions[row]][at]);
            });
            Parallel.For(0, block.IsLarge ? (owners.Length + TraceBlock.PartRows - 1) / TraceBlock.PartRows : 0, block.HashRows);
            int parts = block.EndLayer();
            Parallel.For(0, parts, block.HashOutputs);
            if (parts > 0)
            {
                block.Release();
            }
        }

        Run(block.EndLayers(new Rows(contents, positions)), block.Hash);
        Run(block.EndHashes(), block.Fold);
        block.Complete();
    }

    // Each worker's room is its own.
    private static void Run(int parts, Action<int, int> part) => Parallel.For(0, 3, worker =>
    {
        for (int i = worker; i < parts; i += 3)
        {
            part(i, worker);
        }
    });

    private sealed class Rows(RandomTrace[] contents, int[] positions) : ITracedRows
    {
        public void CopyHead(int row, int layer, int head, Span<byte> destination)
        {
            int slot = (layer * Shape.KvHeads) + head;
            MemoryMarshal.AsBytes<ushort>(contents[row].Keys[positions[row]][slot]).CopyTo(destination);
            MemoryMarshal.AsBytes<ushort>(contents[row].Values[positions[row]][slot]).CopyTo(destination[(destination.Length / 2)..]);
        }

        public ReadOnlySpan<float> LogitsOf(int row) => contents[row].Logits[positions[row]];

        public int InputIdOf(int row) => contents[row].Ids[positions[row]];
    }

    public byte[] Root(params int[] cuts)
    {
        using TraceCommitment trace = Commit(cuts);
        byte[] root = new byte[32];
        trace.WriteRoot(root);
        return root;
    }
}
