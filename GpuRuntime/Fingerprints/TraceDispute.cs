using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>
/// Finds where a node's computation departs from a validator's own. Every step before the first that differs is the same to the
/// bit, keys and values included, and so is every layer before the first leaf that differs: there the node computed something else.
/// </summary>
public static class TraceDispute
{
    /// <summary>Whether step hashes are those of a signed commitment. Others are a malformed answer to the dispute.</summary>
    /// <param name="hashes">The node's, in order.</param>
    /// <param name="trace">What its receipt says.</param>
    public static bool Leads(IReadOnlyList<byte[]> hashes, CommittedTrace trace)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        ArgumentNullException.ThrowIfNull(trace);
        if (hashes.Count != trace.Steps || hashes.Count == 0 || hashes.Any(static hash => hash is not { Length: TraceHash.Size }))
        {
            return false;
        }

        Span<byte> root = stackalloc byte[TraceHash.Size];
        TraceHash.Root(trace.Shape, trace.Steps, MerkleTree.Root([.. hashes]), root);
        return CryptographicOperations.FixedTimeEquals(root, trace.Root.Span);
    }

    /// <summary>The first step whose hashes differ, or -1.</summary>
    /// <param name="own">The validator's.</param>
    /// <param name="nodes">The node's, which lead to its root.</param>
    /// <exception cref="ArgumentException">There are more of one than of the other: the answers differ in length.</exception>
    public static int FirstStep(IReadOnlyList<byte[]> own, IReadOnlyList<byte[]> nodes)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(nodes);
        if (own.Count != nodes.Count)
        {
            throw new ArgumentException($"{own.Count} own steps and {nodes.Count} of the node");
        }

        for (int step = 0; step < own.Count; step++)
        {
            if (!own[step].AsSpan().SequenceEqual(nodes[step]))
            {
                return step;
            }
        }

        return -1;
    }

    /// <summary>The first leaf that differs between two openings of one step, or null.</summary>
    /// <param name="own">The validator's.</param>
    /// <param name="nodes">The node's, which is in its trace.</param>
    /// <param name="shape">The model's; both fit it.</param>
    public static DisputedLeaf? FirstLeaf(StepOpening own, StepOpening nodes, TraceShape shape)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(shape);
        if (own.InputId != nodes.InputId)
        {
            return new DisputedLeaf(0, DisputedPart.Input);
        }

        for (int layer = 0; layer < shape.Layers; layer++)
        {
            if (!own.LayerLinks(layer, shape).SequenceEqual(nodes.LayerLinks(layer, shape)))
            {
                return new DisputedLeaf(layer, DisputedPart.KeysAndValues);
            }

            if (!own.AttentionOutput(layer, shape).SequenceEqual(nodes.AttentionOutput(layer, shape)))
            {
                return new DisputedLeaf(layer, DisputedPart.AttentionOutput);
            }

            if (!own.DownOutput(layer, shape).SequenceEqual(nodes.DownOutput(layer, shape)))
            {
                return new DisputedLeaf(layer, DisputedPart.DownOutput);
            }
        }

        if (!System.Runtime.InteropServices.MemoryMarshal.AsBytes(own.Logits.AsSpan()).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(nodes.Logits.AsSpan())))
        {
            return new DisputedLeaf(shape.Layers, DisputedPart.Logits);
        }

        return own.Salts.AsSpan().SequenceEqual(nodes.Salts) ? null : new DisputedLeaf(0, DisputedPart.Salts);
    }
}
