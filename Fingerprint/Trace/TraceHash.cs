using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// The hashes of a trace. Numbers are big-endian; bfloat16 and binary32 lie as their bits do, little-endian. Leaves begin with 0x00
/// and nodes with 0x01 (RFC 9162), links of chains with 0x02.
/// </summary>
public static class TraceHash
{
    /// <summary>Bytes of every hash.</summary>
    public const int Size = MerkleTree.HashSize;

    /// <summary>Bytes of a leaf before its contents: 0x00, salt, kind, position, and layer or number of logits.</summary>
    internal const int LeafHeader = 1 + TraceSalts.Size + 1 + sizeof(long) + sizeof(int);

    private const byte LayerKind = 1;
    private const byte LogitsKind = 2;
    private const int StepLeaf = 1 + sizeof(long) + sizeof(int) + Size;

    private static ReadOnlySpan<byte> RootDomain => "verathos.trace.v1"u8;

    /// <summary>Bytes of a layer's leaf as it is hashed.</summary>
    internal static int LayerLeafSize(TraceShape shape) => LeafHeader + (2 * shape.HiddenSize * sizeof(ushort)) + (shape.KvHeads * Size);

    /// <summary>Writes what comes before a layer's outputs.</summary>
    internal static void WriteLayerHeader(Span<byte> leaf, ReadOnlySpan<byte> salt, long position, int layer) =>
        WriteHeader(leaf, salt, LayerKind, position, layer);

    /// <summary>Writes what comes before a step's logits.</summary>
    internal static void WriteLogitsHeader(Span<byte> leaf, ReadOnlySpan<byte> salt, long position, int count) =>
        WriteHeader(leaf, salt, LogitsKind, position, count);

    /// <summary>The next link of a head's chain: SHA-256(0x02 || link before || key || value).</summary>
    /// <param name="previous">32 bytes: the link of the position before, or the chain's salt.</param>
    /// <param name="key">bfloat16, as it is attended to.</param>
    /// <param name="value">bfloat16.</param>
    /// <param name="destination">32 bytes; may be <paramref name="previous"/>.</param>
    public static void Link(ReadOnlySpan<byte> previous, ReadOnlySpan<ushort> key, ReadOnlySpan<ushort> value, Span<byte> destination)
    {
        int row = key.Length * sizeof(ushort);
        Span<byte> input = stackalloc byte[1 + Size + (2 * row)];
        input[0] = 2;
        previous.CopyTo(input[1..]);
        Copy(key, input[(1 + Size)..]);
        Copy(value, input[(1 + Size + row)..]);
        SHA256.HashData(input, destination);
        input.Clear();
    }

    /// <summary>The hash of a layer's leaf.</summary>
    /// <param name="salt">32 bytes.</param>
    /// <param name="position">Of the step.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="attentionOutput">bfloat16: what attention's output projection gave.</param>
    /// <param name="downOutput">bfloat16: what the down projection gave.</param>
    /// <param name="links">32 bytes for each key and value head: the chains with this position's rows in them.</param>
    public static byte[] Layer(ReadOnlySpan<byte> salt, long position, int layer, ReadOnlySpan<ushort> attentionOutput, ReadOnlySpan<ushort> downOutput, ReadOnlySpan<byte> links)
    {
        int row = attentionOutput.Length * sizeof(ushort);
        byte[] leaf = new byte[LeafHeader + (2 * row) + links.Length];
        WriteLayerHeader(leaf, salt, position, layer);
        Copy(attentionOutput, leaf.AsSpan(LeafHeader));
        Copy(downOutput, leaf.AsSpan(LeafHeader + row));
        links.CopyTo(leaf.AsSpan(LeafHeader + (2 * row)));
        return SHA256.HashData(leaf);
    }

    /// <summary>The hash of a step's last leaf.</summary>
    /// <param name="salt">32 bytes.</param>
    /// <param name="position">Of the step.</param>
    /// <param name="logits">binary32; none at a prompt's position whose logits nobody needs.</param>
    public static byte[] Logits(ReadOnlySpan<byte> salt, long position, ReadOnlySpan<float> logits)
    {
        byte[] leaf = new byte[LeafHeader + (logits.Length * sizeof(float))];
        WriteLogitsHeader(leaf, salt, position, logits.Length);
        Copy(logits, leaf.AsSpan(LeafHeader));
        return SHA256.HashData(leaf);
    }

    /// <summary>The hash of a step in the tree over all steps: SHA-256(0x00 || position || input id || the root over the step's leaves).</summary>
    public static void Step(long position, int inputId, ReadOnlySpan<byte> stepRoot, Span<byte> destination)
    {
        Span<byte> leaf = stackalloc byte[StepLeaf];
        leaf[0] = 0;
        BinaryPrimitives.WriteInt64BigEndian(leaf[1..], position);
        BinaryPrimitives.WriteInt32BigEndian(leaf[(1 + sizeof(long))..], inputId);
        stepRoot.CopyTo(leaf[(StepLeaf - Size)..]);
        SHA256.HashData(leaf, destination);
    }

    /// <summary>The running commitment: SHA-256("verathos.trace.v1" || shape || number of steps, 8 bytes || the root over the steps).</summary>
    public static void Root(TraceShape shape, long steps, ReadOnlySpan<byte> treeRoot, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(shape);
        Span<byte> input = stackalloc byte[RootDomain.Length + TraceShape.Size + sizeof(long) + Size];
        RootDomain.CopyTo(input);
        shape.Write(input[RootDomain.Length..]);
        BinaryPrimitives.WriteInt64BigEndian(input[(RootDomain.Length + TraceShape.Size)..], steps);
        treeRoot.CopyTo(input[^Size..]);
        SHA256.HashData(input, destination);
    }

    /// <summary>bfloat16 bits as they are hashed.</summary>
    internal static void Copy(ReadOnlySpan<ushort> source, Span<byte> destination)
    {
        if (BitConverter.IsLittleEndian)
        {
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(source).CopyTo(destination);
            return;
        }

        for (int i = 0; i < source.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination[(sizeof(ushort) * i)..], source[i]);
        }
    }

    /// <summary>binary32 as it is hashed.</summary>
    internal static void Copy(ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (BitConverter.IsLittleEndian)
        {
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(source).CopyTo(destination);
            return;
        }

        for (int i = 0; i < source.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination[(sizeof(float) * i)..], source[i]);
        }
    }

    private static void WriteHeader(Span<byte> leaf, ReadOnlySpan<byte> salt, byte kind, long position, int number)
    {
        leaf[0] = 0;
        salt.CopyTo(leaf[1..]);
        leaf[1 + TraceSalts.Size] = kind;
        BinaryPrimitives.WriteInt64BigEndian(leaf[(2 + TraceSalts.Size)..], position);
        BinaryPrimitives.WriteInt32BigEndian(leaf[(2 + TraceSalts.Size + sizeof(long))..], number);
    }
}
