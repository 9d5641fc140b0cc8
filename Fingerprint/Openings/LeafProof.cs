using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>One layer's leaf with its way to the trace's root: it shows the links of that layer's chains at a step.</summary>
public sealed record LeafProof
{
    /// <summary>The step.</summary>
    public required long Position { get; init; }

    /// <summary>The token at this position.</summary>
    public required int InputId { get; init; }

    /// <summary>The layer.</summary>
    public required int Layer { get; init; }

    /// <summary>32 bytes: the hash of the layer's outputs, which are not shown.</summary>
    public required byte[] Outputs { get; init; }

    /// <summary>32 bytes for each key and value head.</summary>
    public required byte[] Links { get; init; }

    /// <summary>From the leaf to the step's root.</summary>
    public required IReadOnlyList<byte[]> LeafPath { get; init; }

    /// <summary>From the step to the root over the steps.</summary>
    public required IReadOnlyList<byte[]> StepPath { get; init; }

    /// <summary>Whether this leaf is in a trace.</summary>
    /// <param name="trace">The commitment.</param>
    public bool IsIn(CommittedTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        TraceShape shape = trace.Shape;
        return Outputs.Length == TraceHash.Size && (uint)Layer < (uint)shape.Layers && Links.Length == shape.KvHeads * TraceHash.Size
            && MerkleTree.TryComputeRoot(TraceHash.Layer(Position, Layer, Outputs, Links), Layer, shape.Leaves, LeafPath, out byte[] stepRoot)
            && trace.Holds(Position, InputId, stepRoot, StepPath);
    }
}
