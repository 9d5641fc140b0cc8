using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// Commits a sequence's computation while it runs. Steps come in blocks of neighbouring positions, and a block's layers in their
/// order: first each row's keys and values (<see cref="AddHead"/>), then its outputs (<see cref="AddLayer"/>), and at the block's
/// end <see cref="Complete"/> for each row. What is committed does not depend on how the positions were cut into blocks.
/// </summary>
/// <remarks>
/// Within a layer, different heads may be added from different threads (each head's rows in order), and then different rows'
/// outputs. Nothing else is safe from several threads.
/// </remarks>
public sealed class TraceCommitment : IDisposable
{
    private const int Size = TraceHash.Size;
    private readonly TraceSalts _salts;
    private readonly byte[] _chains;
    private readonly MerkleFrontier _frontier = new();
    private readonly List<byte[]> _stepHashes = [];
    private readonly ConcurrentBag<byte[]> _rooms = [];
    private readonly byte[] _logitsRoom;
    private byte[] _blockSalts = [];
    private byte[] _links = [];
    private byte[] _leaves = [];
    private int _rows;
    private int _completed;

    /// <summary>An empty commitment.</summary>
    /// <param name="shape">The model's.</param>
    /// <param name="secret">32 bytes, the receipt's; copied.</param>
    public TraceCommitment(TraceShape shape, ReadOnlySpan<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (!shape.IsValid)
        {
            throw new ArgumentException("no model has this shape", nameof(shape));
        }

        Shape = shape;
        _salts = new TraceSalts(secret);
        _chains = GC.AllocateArray<byte>(shape.Layers * shape.KvHeads * Size, pinned: true);
        _salts.Write(TraceSalts.ChainPosition, _chains);
        _logitsRoom = GC.AllocateArray<byte>(TraceHash.LeafHeader + (shape.VocabularySize * sizeof(float)), pinned: true);
    }

    /// <summary>The model's shape.</summary>
    public TraceShape Shape { get; }

    /// <summary>Completed steps.</summary>
    public long Steps => _stepHashes.Count;

    /// <summary>The completed steps' hashes, in order; they are what inclusion proofs are made of.</summary>
    public IReadOnlyList<byte[]> StepHashes => _stepHashes;

    /// <summary>Begins a block of the next positions.</summary>
    /// <param name="rows">How many, at least 1.</param>
    /// <exception cref="InvalidOperationException">The block before is not complete.</exception>
    public void Begin(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        if (_completed != _rows)
        {
            throw new InvalidOperationException($"{_rows - _completed} steps of the block before are not complete");
        }

        (_rows, _completed) = (rows, 0);
        int step = Shape.Leaves * Size;
        if (_leaves.Length < rows * step)
        {
            CryptographicOperations.ZeroMemory(_blockSalts);
            CryptographicOperations.ZeroMemory(_leaves);
            CryptographicOperations.ZeroMemory(_links);
            _blockSalts = GC.AllocateArray<byte>(rows * step, pinned: true);
            _leaves = GC.AllocateArray<byte>(rows * step, pinned: true);
            _links = GC.AllocateArray<byte>(rows * Shape.KvHeads * Size, pinned: true);
        }

        for (int row = 0; row < rows; row++)
        {
            _salts.Write(Steps + row, _blockSalts.AsSpan(row * step, step));
        }
    }

    /// <summary>Appends one row to a head's chain.</summary>
    /// <param name="row">In the block; a head's rows come in order.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="head">Key and value head, from 0.</param>
    /// <param name="key">bfloat16, as it is attended to.</param>
    /// <param name="value">bfloat16.</param>
    public void AddHead(int row, int layer, int head, ReadOnlySpan<ushort> key, ReadOnlySpan<ushort> value)
    {
        if (key.Length != Shape.HeadSize || value.Length != Shape.HeadSize || (uint)head >= (uint)Shape.KvHeads)
        {
            throw new ArgumentException("the rows are not a head's");
        }

        Span<byte> chain = _chains.AsSpan(((layer * Shape.KvHeads) + head) * Size, Size);
        TraceHash.Link(chain, key, value, chain);
        chain.CopyTo(Links(row)[(head * Size)..]);
    }

    /// <summary>A row's links of the layer whose heads were added last, 32 bytes for each.</summary>
    /// <param name="row">In the block.</param>
    public ReadOnlySpan<byte> LinksOf(int row) => Links(row);

    /// <summary>Hashes one row's leaf of a layer, whose heads were added.</summary>
    /// <param name="row">In the block.</param>
    /// <param name="layer">From 0.</param>
    /// <param name="attentionOutput">What attention's output projection gave: bfloat16, held as binary32.</param>
    /// <param name="downOutput">What the down projection gave, likewise.</param>
    public void AddLayer(int row, int layer, ReadOnlySpan<float> attentionOutput, ReadOnlySpan<float> downOutput)
    {
        if (attentionOutput.Length != Shape.HiddenSize || downOutput.Length != Shape.HiddenSize || (uint)layer >= (uint)Shape.Layers)
        {
            throw new ArgumentException("the outputs are not a layer's");
        }

        byte[] leaf = _rooms.TryTake(out byte[]? room) ? room : GC.AllocateArray<byte>(TraceHash.LayerLeafSize(Shape), pinned: true);
        int bytes = Shape.HiddenSize * sizeof(ushort);
        int slot = (row * Shape.Leaves) + layer;
        TraceHash.WriteLayerHeader(leaf, _blockSalts.AsSpan(slot * Size, Size), Steps - _completed + row, layer);
        Narrow(attentionOutput, leaf.AsSpan(TraceHash.LeafHeader, bytes));
        Narrow(downOutput, leaf.AsSpan(TraceHash.LeafHeader + bytes, bytes));
        Links(row).CopyTo(leaf.AsSpan(TraceHash.LeafHeader + (2 * bytes)));
        SHA256.HashData(leaf, _leaves.AsSpan(slot * Size, Size));
        _rooms.Add(leaf);
    }

    /// <summary>Completes the block's next step.</summary>
    /// <param name="inputId">The token at this position.</param>
    /// <param name="logits">binary32, one for each id; none where the position's logits were not computed.</param>
    /// <exception cref="InvalidOperationException">The block has no further step.</exception>
    public void Complete(int inputId, ReadOnlySpan<float> logits)
    {
        if (_completed == _rows)
        {
            throw new InvalidOperationException("the block is complete");
        }

        if (!logits.IsEmpty && logits.Length != Shape.VocabularySize)
        {
            throw new ArgumentException("there is one logit for each id, or none", nameof(logits));
        }

        int slot = (_completed * Shape.Leaves) + Shape.Layers;
        TraceHash.WriteLogitsHeader(_logitsRoom, _blockSalts.AsSpan(slot * Size, Size), Steps, logits.Length);
        TraceHash.Copy(logits, _logitsRoom.AsSpan(TraceHash.LeafHeader));
        SHA256.HashData(_logitsRoom.AsSpan(0, TraceHash.LeafHeader + (logits.Length * sizeof(float))), _leaves.AsSpan(slot * Size, Size));
        Span<byte> leaves = _leaves.AsSpan(_completed * Shape.Leaves * Size, Shape.Leaves * Size);
        MerkleTree.Fold(leaves);
        byte[] step = new byte[Size];
        TraceHash.Step(Steps, inputId, leaves[..Size], step);
        _frontier.Append(step);
        _stepHashes.Add(step);
        _completed++;
    }

    /// <summary>Writes the commitment over all completed steps.</summary>
    /// <param name="destination">32 bytes.</param>
    /// <exception cref="InvalidOperationException">There is no step.</exception>
    public void WriteRoot(Span<byte> destination)
    {
        Span<byte> tree = stackalloc byte[Size];
        _frontier.WriteRoot(tree);
        TraceHash.Root(Shape, Steps, tree, destination);
    }

    /// <summary>Overwrites everything that tells of the activations or keys the leaves.</summary>
    public void Dispose()
    {
        _salts.Dispose();
        CryptographicOperations.ZeroMemory(_chains);
        CryptographicOperations.ZeroMemory(_blockSalts);
        CryptographicOperations.ZeroMemory(_leaves);
        CryptographicOperations.ZeroMemory(_links);
        CryptographicOperations.ZeroMemory(_logitsRoom);
        foreach (byte[] room in _rooms)
        {
            CryptographicOperations.ZeroMemory(room);
        }
    }

    private Span<byte> Links(int row) => _links.AsSpan(row * Shape.KvHeads * Size, Shape.KvHeads * Size);

    // The values are bfloat16 already, so the lower half of each is nought.
    private static void Narrow(ReadOnlySpan<float> source, Span<byte> destination)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        Span<ushort> target = MemoryMarshal.Cast<byte, ushort>(destination);
        int i = 0;
        for (; BitConverter.IsLittleEndian && i + 16 <= bits.Length; i += 16)
        {
            Vector256.Narrow(Vector256.Create(bits[i..]) >> 16, Vector256.Create(bits[(i + 8)..]) >> 16).CopyTo(target[i..]);
        }

        for (; i < bits.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(destination[(sizeof(ushort) * i)..], (ushort)(bits[i] >> 16));
        }
    }
}
