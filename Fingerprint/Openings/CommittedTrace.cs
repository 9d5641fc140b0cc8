using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>What a receipt, or a chunk of a stream, says of a trace.</summary>
/// <param name="Shape">The model's, from the validator's own key and never from the node.</param>
/// <param name="Steps">Committed steps: the prompt's tokens and those generated, but for the last.</param>
/// <param name="Root">32 bytes.</param>
public sealed record CommittedTrace(TraceShape Shape, long Steps, ReadOnlyMemory<byte> Root)
{
    /// <summary>Whether a step is in the trace.</summary>
    /// <param name="position">The step.</param>
    /// <param name="inputId">The token at this position.</param>
    /// <param name="stepRoot">32 bytes: over the step's leaves.</param>
    /// <param name="path">From the step to the root over the steps.</param>
    public bool Holds(long position, int inputId, ReadOnlySpan<byte> stepRoot, IReadOnlyList<byte[]> path)
    {
        Span<byte> hash = stackalloc byte[TraceHash.Size];
        TraceHash.Step(position, inputId, stepRoot, hash);
        if (!MerkleTree.TryComputeRoot(hash, position, Steps, path, out byte[] treeRoot))
        {
            return false;
        }

        TraceHash.Root(Shape, Steps, treeRoot, hash);
        return CryptographicOperations.FixedTimeEquals(hash, Root.Span);
    }
}
