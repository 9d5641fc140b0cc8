using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Trace;

/// <summary>Random contents of a trace.</summary>
public sealed class RandomTrace
{
    public static readonly TraceShape Shape = new(3, 20, 2, 8, 33);
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
        foreach (int rows in cuts)
        {
            int first = (int)trace.Steps;
            trace.Begin(rows);
            for (int layer = 0; layer < Shape.Layers; layer++)
            {
                int at = layer;
                Parallel.For(0, Shape.KvHeads, head =>
                {
                    for (int row = 0; row < rows; row++)
                    {
                        int slot = (at * Shape.KvHeads) + head;
                        trace.AddHead(row, at, head, Keys[first + row][slot], Values[first + row][slot]);
                    }
                });
                Parallel.For(0, rows, row => trace.AddLayer(row, at, AttentionOutputs[first + row][at], DownOutputs[first + row][at]));
            }

            for (int row = 0; row < rows; row++)
            {
                trace.Complete(Ids[first + row], Logits[first + row]);
            }
        }

        return trace;
    }

    public byte[] Root(params int[] cuts)
    {
        using TraceCommitment trace = Commit(cuts);
        byte[] root = new byte[32];
        trace.WriteRoot(root);
        return root;
    }
}
