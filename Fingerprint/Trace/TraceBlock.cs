using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Verathos.Fingerprint.Hashing;
using Verathos.Fingerprint.Merkle;

namespace Verathos.Fingerprint.Trace;

/// <summary>
/// Hashes what one pass after another commits, its layers, heads, rows and sequences side by side in the lanes of registers. In each
/// pass: <see cref="Begin"/>; each layer's outputs (<see cref="SetAttentionOutput"/>, <see cref="SetDownOutput"/>) and
/// <see cref="EndLayer"/>; after the last <see cref="EndLayers"/>, <see cref="EndHashes"/> and <see cref="Complete"/>.
/// </summary>
/// <remarks>
/// Outputs of different rows may be set from different threads, and the parts that a method asks for may run on any; everything
/// else belongs to one thread. Nothing is allocated in a pass but the steps' hashes, once a pass of its size was seen.
/// </remarks>
public sealed partial class TraceBlock : IDisposable
{
    private const int Size = TraceHash.Size;
    private const int Most = Sha256Lanes.Most;

    // Positions of each chain that are copied before they are hashed: their rows lie together, and a message that was just written is slow to load.
    private const int StagedLinks = 4;
    private readonly TraceShape _shape;
    private readonly TraceCommitment?[] _owners;
    private readonly int[] _rows;
    private readonly int[] _slots;
    private readonly byte[][] _rooms;
    private readonly byte[] _outputs;
    private readonly int _outputsSize;
    private readonly int _linkSize;
    private readonly int _layerSize;
    private readonly int _lastSize;
    private readonly int _kinds;
    private byte[] _salts = [];
    private byte[] _outputHashes = [];
    private byte[] _links = [];
    private byte[] _leaves = [];
    private byte[] _logitsHashes = [];
    private byte[] _steps = [];
    private ITracedRows? _source;
    private bool _isOne;
    private int _count;
    private int _layer;
    private int _kept;
    private int _hashed;
    private int _outputParts;
    private int _chainParts;
    private int _logitsParts;
    private int _hashedRows;
    private int _mostRows;
    private int _mostOutputs;
    private int _foldRows;
    private int _firstLogits;

    /// <summary>Room for passes.</summary>
    /// <param name="shape">The model's.</param>
    /// <param name="rows">The most rows of a pass.</param>
    /// <param name="workers">Threads that run parts, numbered from 0.</param>
    public TraceBlock(TraceShape shape, int rows, int workers)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        _shape = shape;
        (_owners, _rows, _slots) = (new TraceCommitment?[rows], new int[rows], new int[rows]);
        (_outputsSize, _linkSize, _layerSize) = (TraceHash.OutputsSize(shape), TraceHash.LinkSize(shape), TraceHash.LayerSize(shape));
        _kinds = TraceHash.LogitsParts(shape.VocabularySize);
        _lastSize = TraceHash.LogitsHeader + (_kinds * Size);
        int message = Math.Max(Math.Max(StagedLinks * _linkSize, _layerSize), Math.Max(TraceHash.LogitsHeader, TraceHash.StepLeaf));
        _rooms = [.. Enumerable.Range(0, workers).Select(_ => GC.AllocateArray<byte>((Most * (message + Size)) + _lastSize, pinned: true))];
        _outputs = GC.AllocateArray<byte>(rows * _outputsSize, pinned: true);
    }

    /// <summary>Rows of the pass that are committed.</summary>
    public int Count => _count;

    /// <summary>
    /// Whether the rows are so many of one sequence that a layer's outputs leave no room for another's. <see cref="HashRows"/> is then to be
    /// called for each <see cref="PartRows"/> neighbouring rows whose outputs are set, while they are in the cache, and <see cref="HashOutputs"/> never.
    /// </summary>
    public bool IsLarge => _isOne && 2 * _count > _owners.Length;

    /// <summary>Rows of a part of <see cref="HashRows"/>.</summary>
    public static int PartRows => Most;

    /// <summary>Begins a pass.</summary>
    /// <param name="owners">Each row's commitment, or null; either one's for all, in the order of positions, or each another's.</param>
    /// <exception cref="InvalidOperationException">A commitment's steps of another pass are not complete.</exception>
    public void Begin(ReadOnlySpan<TraceCommitment?> owners)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(owners.Length, _rows.Length);
        (_count, _layer, _kept, _hashed, _hashedRows) = (0, 0, 0, 0, 0);
        _isOne = owners.Length > 1 && owners[0] == owners[1] && owners[0] is not null;
        for (int row = 0; row < owners.Length; row++)
        {
            _slots[row] = owners[row] is null ? -1 : _count;
            if (owners[row] is { } owner)
            {
                if (owner.Shape != _shape)
                {
                    throw new ArgumentException("a commitment is of another shape", nameof(owners));
                }

                (_owners[_count], _rows[_count]) = (owner, row);
                _count++;
            }
        }

        _mostRows = Math.Max(_mostRows, _count);
        int leaves = _shape.Leaves * Size;
        int layers = _shape.Layers * _count * Size;
        Reserve(ref _salts, _count * leaves);
        Reserve(ref _leaves, _count * leaves);
        Reserve(ref _outputHashes, layers);
        Reserve(ref _links, layers * _shape.KvHeads);
        Reserve(ref _steps, _count * Size);
        for (int first = 0; first < _count; first += Run)
        {
            _owners[first]!.Begin(Run);
            _owners[first]!.Salts.WriteRange(_owners[first]!.Steps, Run, _salts.AsSpan(first * leaves, Run * leaves));
        }
    }

    /// <summary>Takes what attention's output projection gave for a row; nothing where the row is not committed.</summary>
    /// <param name="row">Of the pass.</param>
    /// <param name="output">bfloat16, held as binary32.</param>
    public void SetAttentionOutput(int row, ReadOnlySpan<float> output)
    {
        if (_slots[row] is var slot && slot >= 0)
        {
            Span<byte> message = Outputs(slot);
            message[0] = 3;
            _salts.AsSpan(((slot * _shape.Leaves) + _layer) * Size, Size).CopyTo(message[1..]);
            Narrow(output, message.Slice(TraceHash.OutputsHeader, 2 * _shape.HiddenSize));
        }
    }

    /// <summary>Takes what the down projection gave for a row, after <see cref="SetAttentionOutput"/>.</summary>
    /// <param name="row">Of the pass.</param>
    /// <param name="output">bfloat16, held as binary32.</param>
    public void SetDownOutput(int row, ReadOnlySpan<float> output)
    {
        if (_slots[row] is var slot && slot >= 0)
        {
            Narrow(output, Outputs(slot)[(TraceHash.OutputsHeader + (2 * _shape.HiddenSize))..]);
        }
    }

    /// <summary>Ends a layer whose outputs are set.</summary>
    /// <returns>Parts of <see cref="HashOutputs"/> to run before the next layer, and then <see cref="Release"/>; 0 while there is room for its outputs.</returns>
    /// <exception cref="InvalidOperationException">The rows are many, and not all were hashed.</exception>
    public int EndLayer()
    {
        _layer++;
        _mostOutputs = Math.Max(_mostOutputs, _kept + _count);
        if (IsLarge)
        {
            if (Interlocked.Exchange(ref _hashedRows, 0) != _count)
            {
                throw new InvalidOperationException("a layer's outputs were not hashed");
            }

            _hashed += _count;
            return 0;
        }

        _kept += _count;
        return _layer < _shape.Layers && (_kept + _count) * _outputsSize > _outputs.Length ? Parts(_kept) : 0;
    }

    /// <summary>Hashes some of the outputs.</summary>
    /// <param name="part">From 0.</param>
    public void HashOutputs(int part)
    {
        int first = part * Most;
        int some = Math.Min(Most, _kept - first);
        Sha256Lanes.Hash(_outputs.AsSpan(first * _outputsSize), _outputsSize, _outputsSize, some, _outputHashes.AsSpan((_hashed + first) * Size));
    }

    /// <summary>Hashes a layer's outputs of neighbouring rows before <see cref="EndLayer"/>, where <see cref="IsLarge"/>.</summary>
    /// <param name="part">From 0.</param>
    public void HashRows(int part)
    {
        int first = part * Most;
        int some = Math.Min(Most, _count - first);
        Sha256Lanes.Hash(_outputs.AsSpan(first * _outputsSize), _outputsSize, _outputsSize, some, _outputHashes.AsSpan((_hashed + first) * Size));
        Interlocked.Add(ref _hashedRows, some);
    }

    /// <summary>Makes room for the next layers' outputs.</summary>
    public void Release() => (_hashed, _kept) = (_hashed + _kept, 0);

    /// <summary>Ends the layers.</summary>
    /// <param name="source">The rest of what the pass computed.</param>
    /// <returns>Parts of <see cref="Hash"/> to run.</returns>
    /// <exception cref="InvalidOperationException">Layers are missing.</exception>
    public int EndLayers(ITracedRows source)
    {
        if (_layer != _shape.Layers)
        {
            throw new InvalidOperationException($"{_layer} of {_shape.Layers} layers were committed");
        }

        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _outputParts = Parts(_kept);
        _chainParts = Parts(Chains);
        int logits = 0;
        for (int slot = 0; slot < _count; slot++)
        {
            int length = source.LogitsOf(_rows[slot]).Length;
            if (length != 0 && length != _shape.VocabularySize)
            {
                throw new ArgumentException("there is one logit for each id, or none", nameof(source));
            }

            logits = length == 0 ? logits : slot + 1;
        }

        // Of a prompt only the last row may have any.
        _firstLogits = 0;
        while (_firstLogits < logits && source.LogitsOf(_rows[_firstLogits]).IsEmpty)
        {
            _firstLogits++;
        }

        Reserve(ref _logitsHashes, (logits - _firstLogits) * _kinds * Size);
        _logitsParts = (logits - _firstLogits) * Parts(_kinds);
        return _outputParts + _chainParts + _logitsParts;
    }

    /// <summary>Continues some chains, or hashes some outputs or logits.</summary>
    /// <param name="part">From 0.</param>
    /// <param name="worker">The thread's number.</param>
    public void Hash(int part, int worker)
    {
        // What takes longest comes first, so that no thread ends long after the others: a prompt's chains, or an answer's logits.
        if (_isOne && part < _chainParts)
        {
            HashChains(part * Most, _rooms[worker]);
            return;
        }

        part -= _isOne ? _chainParts : 0;
        if (part < _logitsParts)
        {
            HashLogits(part);
            return;
        }

        part -= _logitsParts;
        if (part < _outputParts)
        {
            HashOutputs(part);
            return;
        }

        HashChains((part - _outputParts) * Most, _rooms[worker]);
    }

    private void HashLogits(int part)
    {
        int each = Parts(_kinds);
        (int slot, int first) = (_firstLogits + (part / each), part % each * Most);
        ReadOnlySpan<float> logits = _source!.LogitsOf(_rows[slot]);
        if (!logits.IsEmpty)
        {
            logits = logits[(first * TraceHash.LogitsPart)..];
            TraceHash.HashLogits(logits[..Math.Min(logits.Length, Most * TraceHash.LogitsPart)], _logitsHashes.AsSpan((((slot - _firstLogits) * _kinds) + first) * Size));
        }
    }

    /// <summary>Ends what <see cref="EndLayers"/> began.</summary>
    /// <returns>Parts of <see cref="Fold"/> to run.</returns>
    public int EndHashes()
    {
        _foldRows = Math.Clamp((_count + _rooms.Length - 1) / _rooms.Length, 1, Most);
        return (_count + _foldRows - 1) / _foldRows;
    }

    /// <summary>Hashes the leaves and the steps of some rows.</summary>
    /// <param name="part">From 0.</param>
    /// <param name="worker">The thread's number.</param>
    public void Fold(int part, int worker)
    {
        int first = part * _foldRows;
        int some = Math.Min(_foldRows, _count - first);
        byte[] room = _rooms[worker];
        Span<byte> hashes = room.AsSpan(room.Length - _lastSize - (Most * Size), Most * Size);
        HashLayers(first, some, room, hashes);
        HashLast(first, some, room, hashes);
        Span<byte> leaves = _leaves.AsSpan(first * _shape.Leaves * Size, some * _shape.Leaves * Size);
        MerkleTree.Fold(leaves, some);
        for (int i = 0; i < some; i++)
        {
            int slot = first + i;
            TraceHash.WriteStep(room.AsSpan(i * TraceHash.StepLeaf), PositionOf(slot), _source!.InputIdOf(_rows[slot]), leaves.Slice(i * _shape.Leaves * Size, Size));
        }

        Sha256Lanes.Hash(room, TraceHash.StepLeaf, TraceHash.StepLeaf, some, _steps.AsSpan(first * Size));
    }

    /// <summary>Completes the pass's steps.</summary>
    public void Complete()
    {
        for (int first = 0; first < _count; first += Run)
        {
            _owners[first]!.Complete(_steps.AsSpan(first * Size, Run * Size));
        }

        _source = null;
    }

    /// <summary>A row's links of a layer, 32 bytes for each head, once <see cref="EndHashes"/> may be called.</summary>
    /// <param name="row">Of the pass; it is committed.</param>
    /// <param name="layer">From 0.</param>
    public ReadOnlySpan<byte> LinksOf(int row, int layer) => Links(layer, _slots[row]);

    /// <summary>Overwrites everything that tells of the activations: whatever was written since the last time.</summary>
    public void Clear()
    {
        // A pass that was given up in the middle of a layer has set outputs behind those counted.
        int layers = _mostRows * _shape.Layers * Size;
        CryptographicOperations.ZeroMemory(_outputs.AsSpan(0, Math.Min(_outputs.Length, (_mostOutputs + _mostRows) * _outputsSize)));
        Zero(_salts, _mostRows * _shape.Leaves * Size);
        Zero(_leaves, _mostRows * _shape.Leaves * Size);
        Zero(_outputHashes, layers);
        Zero(_links, layers * _shape.KvHeads);
        Zero(_steps, _mostRows * Size);
        CryptographicOperations.ZeroMemory(_logitsHashes);
        Array.ForEach(_rooms, static room => CryptographicOperations.ZeroMemory(room));
        Array.Clear(_owners);
        (_mostRows, _mostOutputs) = (0, 0);

        static void Zero(byte[] room, int size) => CryptographicOperations.ZeroMemory(room.AsSpan(0, Math.Min(room.Length, size)));
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>Neighbouring rows of one commitment.</summary>
    private int Run => _isOne ? _count : 1;

    private int Chains => _count / Run * _shape.Layers * _shape.KvHeads;

    private static int Parts(int messages) => (messages + Most - 1) / Most;

    private long PositionOf(int slot) => _owners[slot]!.Steps + (_isOne ? slot : 0);

    private Span<byte> Outputs(int slot) => _outputs.AsSpan((_kept + slot) * _outputsSize, _outputsSize);

    private Span<byte> Links(int layer, int slot) => _links.AsSpan(((layer * _count) + slot) * _shape.KvHeads * Size, _shape.KvHeads * Size);

    private static void Reserve(ref byte[] room, int size)
    {
        if (room.Length < size)
        {
            CryptographicOperations.ZeroMemory(room);
            room = GC.AllocateArray<byte>(size, pinned: true);
        }
    }

    // The values are bfloat16 already, so the lower half of each is nought.
    private static void Narrow(ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (source.Length * sizeof(ushort) != destination.Length)
        {
            throw new ArgumentException("the outputs are not a layer's", nameof(source));
        }

        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        Span<ushort> target = MemoryMarshal.Cast<byte, ushort>(destination);
        int i = 0;
        for (; Avx512BW.IsSupported && i + 32 <= bits.Length; i += 32)
        {
            // The upper halves of both registers' words, by one instruction.
            Vector512<ushort> low = Vector512.Create(bits[i..]).AsUInt16(), high = Vector512.Create(bits[(i + 16)..]).AsUInt16();
            Avx512BW.PermuteVar32x16x2(low, Vector512<ushort>.Indices + Vector512<ushort>.Indices + Vector512<ushort>.One, high).CopyTo(target[i..]);
        }

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
