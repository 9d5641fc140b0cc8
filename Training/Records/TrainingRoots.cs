using System.Buffers.Binary;
using Verathos.Fingerprint.Merkle;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Records;

/// <summary>
/// Roots of what a training record commits to: Merkle trees (RFC 9162) over pieces of 64 KiB, each leaf the deterministic CBOR array
/// [label, name, bytes of the part, number of the piece] followed by the piece. A single piece can be shown without the rest. Parts
/// follow one another in the order given.
/// </summary>
public static class TrainingRoots
{
    /// <summary>The label of a compressed gradient.</summary>
    public const string Gradient = "verathos.gradient.v1";

    /// <summary>The label of what was not sent.</summary>
    public const string ErrorFeedback = "verathos.error-feedback.v1";

    /// <summary>The label of an optimiser's state.</summary>
    public const string Optimiser = "verathos.optimiser.v1";

    /// <summary>Bytes of a whole piece.</summary>
    public const int PieceSize = 1 << 16;

    /// <summary>The hashes of a part's leaves; an empty part has one.</summary>
    public static IReadOnlyList<byte[]> Leaves(string label, string name, ReadOnlySpan<byte> part)
    {
        ArgumentNullException.ThrowIfNull(label);
        ArgumentNullException.ThrowIfNull(name);
        List<byte[]> leaves = [];
        for (int piece = 0; piece == 0 || (long)piece * PieceSize < part.Length; piece++)
        {
            byte[] header = new DeterministicCborWriter().Array(4).Text(label).Text(name).UInt64((ulong)part.Length).UInt64((ulong)piece).ToArray();
            ReadOnlySpan<byte> bytes = part[(piece * PieceSize)..];
            leaves.Add(MerkleTree.LeafHash([.. header, .. bytes[..Math.Min(PieceSize, bytes.Length)]]));
        }

        return leaves;
    }

    /// <summary>The root of an encoded gradient, 32 bytes.</summary>
    public static byte[] OfGradient(ReadOnlySpan<byte> encoded) => MerkleTree.Root(Leaves(Gradient, string.Empty, encoded));

    /// <summary>The root of what was not sent, binary32, little-endian, 32 bytes.</summary>
    public static byte[] OfErrorFeedback(ReadOnlySpan<float> rest) => MerkleTree.Root(Leaves(ErrorFeedback, string.Empty, Bytes(rest)));

    /// <summary>The root of an optimiser's state, 32 bytes.</summary>
    /// <param name="state">Its tensors and counters by name, in the optimiser's order.</param>
    public static byte[] OfOptimiser(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return MerkleTree.Root([.. state.SelectMany(part => Leaves(Optimiser, part.Name, part.Bytes.Span))]);
    }

    private static byte[] Bytes(ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[4L * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return bytes;
    }
}
