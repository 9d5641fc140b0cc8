using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>All leaves of a step, from which the residual stream before and after each layer follows exactly.</summary>
public sealed record StepOpening
{
    /// <summary>The step.</summary>
    public required long Position { get; init; }

    /// <summary>The token at this position.</summary>
    public required int InputId { get; init; }

    /// <summary>32 bytes for each leaf.</summary>
    public required byte[] Salts { get; init; }

    /// <summary>[layers, hidden], bfloat16.</summary>
    public required ushort[] AttentionOutputs { get; init; }

    /// <summary>[layers, hidden], bfloat16.</summary>
    public required ushort[] DownOutputs { get; init; }

    /// <summary>[layers, key and value heads, 32].</summary>
    public required byte[] Links { get; init; }

    /// <summary>binary32, one for each id, or none.</summary>
    public required float[] Logits { get; init; }

    /// <summary>From the step to the root over the steps.</summary>
    public required IReadOnlyList<byte[]> Path { get; init; }

    /// <summary>A layer's part of <see cref="AttentionOutputs"/>.</summary>
    public ReadOnlySpan<ushort> AttentionOutput(int layer, TraceShape shape) => Row(AttentionOutputs, layer, shape.HiddenSize);

    /// <summary>A layer's part of <see cref="DownOutputs"/>.</summary>
    public ReadOnlySpan<ushort> DownOutput(int layer, TraceShape shape) => Row(DownOutputs, layer, shape.HiddenSize);

    /// <summary>A layer's part of <see cref="Links"/>.</summary>
    public ReadOnlySpan<byte> LayerLinks(int layer, TraceShape shape) => Links.AsSpan(layer * shape.KvHeads * TraceHash.Size, shape.KvHeads * TraceHash.Size);

    /// <summary>Whether all parts have the lengths of a shape and all numbers are finite.</summary>
    public bool Fits(TraceShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        int outputs = shape.Layers * shape.HiddenSize;
        return Salts.Length == shape.Leaves * TraceSalts.Size && AttentionOutputs.Length == outputs && DownOutputs.Length == outputs
            && Links.Length == shape.Layers * shape.KvHeads * TraceHash.Size && (Logits.Length == 0 || Logits.Length == shape.VocabularySize)
            && BFloat16.AreFinite(AttentionOutputs) && BFloat16.AreFinite(DownOutputs);
    }

    /// <summary>Whether the step is in a trace, leaf by leaf.</summary>
    /// <param name="trace">The commitment.</param>
    public bool IsIn(CommittedTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        TraceShape shape = trace.Shape;
        if (!Fits(shape))
        {
            return false;
        }

        return trace.Holds(Position, InputId, MerkleTree.Root(LeafHashes(shape)), Path);
    }

    /// <summary>The hashes of the step's leaves.</summary>
    /// <param name="shape">One that the step fits.</param>
    public byte[][] LeafHashes(TraceShape shape)
    {
        byte[][] leaves = new byte[shape.Leaves][];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            leaves[layer] = TraceHash.Layer(Position, layer, OutputsHash(layer, shape), LayerLinks(layer, shape));
        }

        leaves[^1] = TraceHash.Logits(Salt(shape.Layers), Position, Logits);
        return leaves;
    }

    /// <summary>The hash of a layer's outputs.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="shape">One that the step fits.</param>
    public byte[] OutputsHash(int layer, TraceShape shape) => TraceHash.Outputs(Salt(layer), AttentionOutput(layer, shape), DownOutput(layer, shape));

    /// <summary>The residual stream before a layer.</summary>
    /// <param name="embedding">The input's row of the embedding, rounded to bfloat16.</param>
    /// <param name="layer">The layer; the number of layers for the stream after the last.</param>
    /// <param name="shape">The model's.</param>
    public float[] Stream(ReadOnlySpan<float> embedding, int layer, TraceShape shape)
    {
        float[] stream = embedding.ToArray();
        for (int before = 0; before < layer; before++)
        {
            Lane16Math.Add(stream, AttentionOutput(before, shape));
            Lane16Math.Add(stream, DownOutput(before, shape));
        }

        return stream;
    }

    private ReadOnlySpan<byte> Salt(int leaf) => Salts.AsSpan(leaf * TraceSalts.Size, TraceSalts.Size);

    private static ReadOnlySpan<ushort> Row(ushort[] rows, int layer, int size) => rows.AsSpan(layer * size, size);
}
