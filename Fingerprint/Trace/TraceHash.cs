using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Fingerprint.Hashing;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// The hashes of a trace. Numbers are big-endian; bfloat16 and binary32 lie as their bits do, little-endian. Leaves begin with 0x00
/// and nodes with 0x01 (RFC 9162), links of chains with 0x02, a layer's outputs with 0x03.
/// </summary>
public static class TraceHash
{
    /// <summary>Bytes of every hash.</summary>
    public const int Size = MerkleTree.HashSize;

    /// <summary>Logits of a part that is hashed by itself: 4,096 bytes.</summary>
    public const int LogitsPart = 1024;

    /// <summary>Bytes of a layer's leaf before its links: 0x00, kind, position, layer, hash of the outputs.</summary>
    internal const int LayerHeader = 1 + 1 + sizeof(long) + sizeof(int) + Size;

    /// <summary>Bytes of the last leaf before its contents: 0x00, kind, salt, position, number of logits.</summary>
    internal const int LogitsHeader = 1 + 1 + TraceSalts.Size + sizeof(long) + sizeof(int);

    /// <summary>Bytes of a layer's outputs before them: 0x03, salt.</summary>
    internal const int OutputsHeader = 1 + TraceSalts.Size;

    /// <summary>Bytes of a step's leaf in the tree over all steps.</summary>
    internal const int StepLeaf = 1 + sizeof(long) + sizeof(int) + Size;

    private const byte LayerKind = 1;
    private const byte LogitsKind = 2;

    private static ReadOnlySpan<byte> RootDomain => "verathos.trace.v2"u8;

    /// <summary>Bytes of a link as it is hashed.</summary>
    internal static int LinkSize(TraceShape shape) => 1 + Size + (2 * shape.HeadSize * sizeof(ushort));

    /// <summary>Bytes of a layer's outputs as they are hashed.</summary>
    internal static int OutputsSize(TraceShape shape) => OutputsHeader + (2 * shape.HiddenSize * sizeof(ushort));

    /// <summary>Bytes of a layer's leaf as it is hashed.</summary>
    internal static int LayerSize(TraceShape shape) => LayerHeader + (shape.KvHeads * Size);

    /// <summary>How many parts so many logits have; the last may be shorter.</summary>
    internal static int LogitsParts(int count) => (count + LogitsPart - 1) / LogitsPart;

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

    /// <summary>The hash of a layer's outputs: SHA-256(0x03 || salt || attention's output projection || down projection).</summary>
    /// <param name="salt">32 bytes.</param>
    /// <param name="attentionOutput">bfloat16: what attention's output projection gave.</param>
    /// <param name="downOutput">bfloat16: what the down projection gave.</param>
    public static byte[] Outputs(ReadOnlySpan<byte> salt, ReadOnlySpan<ushort> attentionOutput, ReadOnlySpan<ushort> downOutput)
    {
        int row = attentionOutput.Length * sizeof(ushort);
        byte[] input = new byte[OutputsHeader + (2 * row)];
        input[0] = 3;
        salt.CopyTo(input.AsSpan(1));
        Copy(attentionOutput, input.AsSpan(OutputsHeader));
        Copy(downOutput, input.AsSpan(OutputsHeader + row));
        return SHA256.HashData(input);
    }

    /// <summary>The hash of a layer's leaf: SHA-256(0x00 || 0x01 || position || layer || hash of the outputs || links).</summary>
    /// <param name="position">Of the step.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="outputs">32 bytes, from <see cref="Outputs"/>: they hide the outputs from whom they are not shown to.</param>
    /// <param name="links">32 bytes for each key and value head: the chains with this position's rows in them.</param>
    public static byte[] Layer(long position, int layer, ReadOnlySpan<byte> outputs, ReadOnlySpan<byte> links)
    {
        byte[] leaf = new byte[LayerHeader + links.Length];
        WriteLayer(leaf, position, layer, outputs, links);
        return SHA256.HashData(leaf);
    }

    /// <summary>The hash of a step's last leaf: SHA-256(0x00 || 0x02 || salt || position || number of logits || hash of each part of 1,024 logits).</summary>
    /// <param name="salt">32 bytes.</param>
    /// <param name="position">Of the step.</param>
    /// <param name="logits">binary32; none at a prompt's position whose logits nobody needs.</param>
    public static byte[] Logits(ReadOnlySpan<byte> salt, long position, ReadOnlySpan<float> logits)
    {
        byte[] leaf = new byte[LogitsHeader + (LogitsParts(logits.Length) * Size)];
        WriteLogitsHeader(leaf, salt, position, logits.Length);
        HashLogits(logits, leaf.AsSpan(LogitsHeader));
        return SHA256.HashData(leaf);
    }

    /// <summary>Writes a layer's leaf.</summary>
    internal static void WriteLayer(Span<byte> leaf, long position, int layer, ReadOnlySpan<byte> outputs, ReadOnlySpan<byte> links)
    {
        (leaf[0], leaf[1]) = (0, LayerKind);
        BinaryPrimitives.WriteInt64BigEndian(leaf[2..], position);
        BinaryPrimitives.WriteInt32BigEndian(leaf[(2 + sizeof(long))..], layer);
        outputs.CopyTo(leaf[(LayerHeader - Size)..]);
        links.CopyTo(leaf[LayerHeader..]);
    }

    /// <summary>Writes what comes before the hashes of a step's logits.</summary>
    internal static void WriteLogitsHeader(Span<byte> leaf, ReadOnlySpan<byte> salt, long position, int count)
    {
        (leaf[0], leaf[1]) = (0, LogitsKind);
        salt.CopyTo(leaf[2..]);
        BinaryPrimitives.WriteInt64BigEndian(leaf[(2 + TraceSalts.Size)..], position);
        BinaryPrimitives.WriteInt32BigEndian(leaf[(LogitsHeader - sizeof(int))..], count);
    }

    /// <summary>Hashes logits part by part.</summary>
    /// <param name="logits">From the beginning of a part on.</param>
    /// <param name="hashes">32 bytes for each part.</param>
    internal static void HashLogits(ReadOnlySpan<float> logits, Span<byte> hashes)
    {
        const int part = LogitsPart * sizeof(float);
        if (!BitConverter.IsLittleEndian)
        {
            byte[] turned = new byte[logits.Length * sizeof(float)];
            Copy(logits, turned);
            logits = MemoryMarshal.Cast<byte, float>(turned);
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(logits);
        int whole = bytes.Length / part;
        Sha256Lanes.Hash(bytes, part, part, whole, hashes);
        if (whole * part < bytes.Length)
        {
            SHA256.HashData(bytes[(whole * part)..], hashes[(whole * Size)..]);
        }
    }

    /// <summary>Writes a step's leaf in the tree over all steps.</summary>
    internal static void WriteStep(Span<byte> leaf, long position, int inputId, ReadOnlySpan<byte> stepRoot)
    {
        leaf[0] = 0;
        BinaryPrimitives.WriteInt64BigEndian(leaf[1..], position);
        BinaryPrimitives.WriteInt32BigEndian(leaf[(1 + sizeof(long))..], inputId);
        stepRoot.CopyTo(leaf[(StepLeaf - Size)..]);
    }

    /// <summary>The hash of a step in the tree over all steps: SHA-256(0x00 || position || input id || the root over the step's leaves).</summary>
    public static void Step(long position, int inputId, ReadOnlySpan<byte> stepRoot, Span<byte> destination)
    {
        Span<byte> leaf = stackalloc byte[StepLeaf];
        WriteStep(leaf, position, inputId, stepRoot);
        SHA256.HashData(leaf, destination);
    }

    /// <summary>The running commitment: SHA-256("verathos.trace.v2" || shape || number of steps, 8 bytes || the root over the steps).</summary>
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
            MemoryMarshal.AsBytes(source).CopyTo(destination);
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
            MemoryMarshal.AsBytes(source).CopyTo(destination);
            return;
        }

        for (int i = 0; i < source.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination[(sizeof(float) * i)..], source[i]);
        }
    }
}
