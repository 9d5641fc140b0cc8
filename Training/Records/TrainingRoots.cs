using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;
using Verathos.Protocol.Cbor;
using Verathos.Training.Compression;

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

    /// <summary>The label of a model's weights.</summary>
    public const string Model = "verathos.training-model.v1";

    /// <summary>The label of a dense gradient.</summary>
    public const string DenseGradient = "verathos.training-gradient.v1";

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
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData([0]);
            hash.AppendData(new DeterministicCborWriter().Array(4).Text(label).Text(name).UInt64((ulong)part.Length).UInt64((ulong)piece).ToArray());
            ReadOnlySpan<byte> bytes = part[(piece * PieceSize)..];
            hash.AppendData(bytes[..Math.Min(PieceSize, bytes.Length)]);
            leaves.Add(hash.GetHashAndReset());
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

    /// <summary>The root of a model's weights, 32 bytes: a part for each tensor, binary32, little-endian.</summary>
    /// <param name="layout">How the tensors lie in the flat vector.</param>
    /// <param name="weights">All of them.</param>
    /// <exception cref="ArgumentException">Another number of weights than the layout's.</exception>
    public static byte[] OfModel(GradientLayout layout, ReadOnlySpan<float> weights) => OfTensors(Model, layout, weights);

    /// <summary>The root of a gradient of which nothing was left out, 32 bytes: a part for each tensor, binary32, little-endian.</summary>
    /// <param name="layout">How the tensors lie in the flat vector.</param>
    /// <param name="gradient">All of it.</param>
    /// <exception cref="ArgumentException">Another number of elements than the layout's.</exception>
    public static byte[] OfDenseGradient(GradientLayout layout, ReadOnlySpan<float> gradient) => OfTensors(DenseGradient, layout, gradient);

    private static byte[] OfTensors(string label, GradientLayout layout, ReadOnlySpan<float> values)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if (values.Length != layout.Count)
        {
            throw new ArgumentException($"the layout has {layout.Count} elements, not {values.Length}", nameof(values));
        }

        List<byte[]> leaves = [];
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor++)
        {
            leaves.AddRange(Leaves(label, layout.Tensors[tensor].Name, Bytes(values.Slice(layout.Offset(tensor), layout.Tensors[tensor].Count))));
        }

        return MerkleTree.Root(leaves);
    }

    private static ReadOnlySpan<byte> Bytes(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.AsBytes(values);
        }

        byte[] bytes = new byte[4L * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return bytes;
    }
}
