using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Verathos.Fingerprint.Sketches;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// The forward pass with products of our own: weights of bfloat16 or Q8_0, activations of bfloat16, sums in binary32
/// in one fixed order (see <see cref="Lanes"/>). A row's results do not depend on the rows computed with it, on how a prompt was
/// cut, or on the number of threads.
/// </summary>
internal sealed unsafe partial class Lane16Backend : IComputeBackend
{
    /// <summary>Rows computed at once; a longer prompt is cut.</summary>
    public const int MaximumRows = 256;

    private readonly ModelConfig _config;
    private Lane16Weights _weights;
    private readonly WorkCrew _crew;
    private readonly float[] _cosines;
    private readonly float[] _sines;
    private readonly int _headStride;
    private readonly int _blockHeads;
    private readonly int _maxContext;
    private readonly KvLayout _layout;
    private readonly Scratch _scratch;
    private readonly Lane16Sequence[] _sequences = new Lane16Sequence[MaximumRows];
    private readonly int[] _positions = new int[MaximumRows];
    private readonly WorkCrew.PartBody _rotatePart;
    private readonly WorkCrew.PartBody _attendPart;
    private readonly WorkCrew.PartBody _activatePart;
    private readonly WorkCrew.PartBody _attentionResidualPart;
    private readonly WorkCrew.PartBody _feedForwardResidualPart;
    private readonly WorkCrew.PartBody _multiplyPart;
    private readonly WorkCrew.PartBody _routePart;
    private readonly WorkCrew.PartBody _mixPart;
    private readonly WorkCrew.PartBody _sharePart;
    private readonly WorkCrew.PartBody _outputsPart;
    private readonly WorkCrew.PartBody _commitPart;
    private readonly WorkCrew.PartBody _foldPart;
    private int _layer;
    private int _count;
    private int _blockRows;
    private float[] _norm = [];
    private (PackedMatrix Matrix, nint Inputs, nint Outputs, int Stride, int Count, bool Round) _product;
    private int _width;

    public Lane16Backend(ModelSource source, NumericProfile profile, int maxContext, int threads)
    {
        _config = source.Config;
        _depth = _config.Layers;
        _maxContext = maxContext;
        Profile = profile;
        _weights = new Lane16Weights(source);
        _crew = new WorkCrew(threads);
        (_cosines, _sines) = RotaryTable.Make(maxContext, _config);
        _headStride = Lanes.Pad(_config.HeadSize);
        _blockHeads = Math.Min(_config.Heads / _config.KvHeads, AttentionBlock.MostQueries);
        _layout = new KvLayout(_config.Layers, _config.KvHeads, _headStride);
        _scratch = new Scratch(_config, _headStride, maxContext, threads, _weights.RoomSize);
        _rotatePart = (row, _) => Rotate(row);
        _attendPart = Attend;
        _activatePart = (row, _) => Activate(row);
        _attentionResidualPart = (part, _) => AddAttentions(part);
        _feedForwardResidualPart = (part, _) => AddFeedForwards(part);
        _routePart = (row, _) => Route(row);
        _mixPart = (row, _) => Mix(row);
        _sharePart = (row, _) => AddShared(row);
        _depths = SketchPlan.Depths(_config.Layers);
        _traceShape = ValidatorKeyMaker.ShapeOf(_config);
        _outputsPart = (part, _) => _block!.HashOutputs(part);
        _commitPart = Commit;
        _foldPart = (part, worker) => _block!.Fold(part, worker);
        _multiplyPart = (part, worker) => _product.Matrix.Multiply(part, (float*)_product.Inputs, _product.Count, (float*)_product.Outputs, _product.Stride, _product.Round, _scratch.Panel(worker));
    }

    public NumericProfile Profile { get; }

    public long WeightBytes => _weights.Bytes;

    /// <summary>Sees each page of a sequence after all were overwritten and before it is freed; for tests.</summary>
    internal Action<PrivateMemory>? Released { get; set; }

    /// <summary>Memory for intermediate results.</summary>
    internal PrivateMemory ScratchMemory => _scratch.Memory;

    /// <summary>The embedding's rows.</summary>
    internal PackedMatrix Embedding => _weights.Embedding;

    /// <summary>The output's rows; the embedding's where they are tied.</summary>
    internal PackedMatrix OutputMatrix => _weights.Output;

    public long SequenceBytes(int capacity) => KvLayout.Pages(capacity) * _layout.PageBytes;

    public SequenceState CreateSequence(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, _maxContext);
        return new Lane16Sequence(this, _layout, capacity);
    }

    public void Forward(SequenceState sequence, ReadOnlySpan<int> ids, Span<float> logits)
    {
        Lane16Sequence state = (Lane16Sequence)sequence;
        if (ids.Length == 0 || ids.Length > state.Capacity - state.Length || logits.Length != _config.VocabularySize)
        {
            throw new ArgumentException($"{ids.Length} tokens after {state.Length} of {state.Capacity}, {logits.Length} logits");
        }

        for (int at = 0; at < ids.Length; at += MaximumRows)
        {
            ReadOnlySpan<int> part = ids.Slice(at, Math.Min(MaximumRows, ids.Length - at));
            BeginRows(state, part.Length);
            RunLayers(part);
            state.Length += part.Length;
            if (at + part.Length < ids.Length)
            {
                CompleteTrace(part, part.Length, null);
                continue;
            }

            fixed (float* output = logits)
            {
                Output(part.Length - 1, 1, output);
                CompleteTrace(part, part.Length - 1, output);
            }
        }
    }

    public void Decode(IReadOnlyList<SequenceState> sequences, ReadOnlySpan<int> ids, Span<float> logits)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count != ids.Length || (long)ids.Length * _config.VocabularySize != logits.Length)
        {
            throw new ArgumentException($"{sequences.Count} sequences, {ids.Length} tokens, {logits.Length} logits");
        }

        for (int at = 0; at < ids.Length; at += MaximumRows)
        {
            ReadOnlySpan<int> part = ids.Slice(at, Math.Min(MaximumRows, ids.Length - at));
            for (int row = 0; row < part.Length; row++)
            {
                Lane16Sequence state = (Lane16Sequence)sequences[at + row];
                if (state.Length >= state.Capacity || Array.IndexOf(_sequences, state, 0, row) >= 0)
                {
                    throw new ArgumentException("a sequence is full or is named twice");
                }

                _sequences[row] = state;
                _positions[row] = state.Length;
            }

            for (int row = 0; row < part.Length; row++)
            {
                _sequences[row].Reserve(_positions[row] + 1);
            }

            _blockRows = 1;
            RunLayers(part);
            for (int row = 0; row < part.Length; row++)
            {
                _sequences[row].Length++;
            }

            fixed (float* output = logits)
            {
                float* own = output + ((long)at * _config.VocabularySize);
                Output(0, part.Length, own);
                CompleteTrace(part, 0, own);
            }
        }
    }

    /// <summary>Overwrites all intermediate results.</summary>
    public void ClearScratch()
    {
        _scratch.Clear();
        ClearStreams();
        _block?.Clear();
    }

    public void Dispose()
    {
        _crew.Dispose();
        _weights.Dispose();
        _scratch.Memory.Dispose();
        _streams?.Dispose();
        _block?.Dispose();
    }

    private void RunLayers(ReadOnlySpan<int> ids)
    {
        _count = ids.Length;
        _scratch.Use(_count, TensorPrimitives.Max<int>(_positions.AsSpan(0, _count)) + 1);
        BeginTrace(_count);
        for (int row = 0; row < ids.Length; row++)
        {
            if ((uint)ids[row] >= (uint)_config.VocabularySize)
            {
                throw new ArgumentException($"the id {ids[row]} is outside the vocabulary");
            }

            _weights.Embedding.CopyRow(ids[row], _scratch.Stream + ((long)row * _config.HiddenSize));
            Norm(row, _weights.Layers[0].InputNorm);
        }

        for (_layer = 0; _layer < _depth; _layer++)
        {
            Lane16Weights.Layer layer = _weights.Layers[_layer];
            Multiply(layer.QueryKeyValue, _scratch.Normed, _scratch.Projected, _count, round: layer.Bias is null);
            Hook?.AfterProjection(this, _layer);
            RecordProjected(layer.Bias);
            _crew.Run(_rotatePart, _count);
            Hook?.AfterKeys(this, _layer);
            _crew.Run(_attendPart, AttentionParts());
            RecordAttended();
            Multiply(layer.AttentionOutput, _scratch.Attended, _scratch.Added, _count);
            Hook?.AfterAttention(this, _layer);
            _norm = layer.FeedForwardNorm;
            _crew.Run(_attentionResidualPart, ResidualParts());
            if (layer.Experts is { } experts)
            {
                RunExperts(experts);
            }
            else
            {
                FeedForward(layer.FeedForward!, _scratch.Normed, _scratch.Added, _count);
            }

            Hook?.AfterFeedForward(this, _layer);
            _norm = _layer + 1 < _weights.Layers.Length ? _weights.Layers[_layer + 1].InputNorm : _weights.FinalNorm;
            BeginSketch();
            _crew.Run(_feedForwardResidualPart, ResidualParts());
            CommitLayer();
            Hook?.AfterLayer(this, _layer);
        }
    }

    /// <summary>Blocks of rows, times key/value heads, times blocks of the heads that share one.</summary>
    private int AttentionParts()
    {
        int group = _config.Heads / _config.KvHeads;
        return (_count + _blockRows - 1) / _blockRows * _config.KvHeads * ((group + _blockHeads - 1) / _blockHeads);
    }

    /// <summary>Logits of some rows, not rounded.</summary>
    private void Output(int firstRow, int rows, float* logits)
    {
        Multiply(_weights.Output, _scratch.Normed + ((long)firstRow * _weights.Output.Stride), logits, rows, round: false);
        Hook?.AfterLogits(this, firstRow, new Span<float>(logits, rows * _config.VocabularySize));
    }

    /// <summary>down(silu(gate(x)) up(x)) of packed inputs.</summary>
    private void FeedForward(Lane16Weights.FeedForward weights, float* inputs, float* outputs, int count)
    {
        Multiply(weights.GateUp, inputs, _scratch.Projected, count);
        RecordGateUp(weights.GateUp.Rows);
        _width = weights.Down.Columns;
        _crew.Run(_activatePart, count);
        Multiply(weights.Down, _scratch.Activated, outputs, count);
    }

    private void Multiply(PackedMatrix matrix, float* inputs, float* outputs, int count, bool round = true)
    {
        _product = (matrix, (nint)inputs, (nint)outputs, matrix.Rows, count, round);
        _crew.Run(_multiplyPart, matrix.Parts);
    }

    /// <summary>Adds a product to the residual stream, and norms the stream for the next product.</summary>
    private void AddAndNorm(int row)
    {
        float* stream = _scratch.Stream + ((long)row * _config.HiddenSize);
        float* added = _scratch.Added + ((long)row * _config.HiddenSize);
        int i = 0;
        for (; i + 8 <= _config.HiddenSize; i += 8)
        {
            Lanes.Round(Vector256.Load(stream + i) + Vector256.Load(added + i)).Store(stream + i);
        }

        for (; i < _config.HiddenSize; i++)
        {
            stream[i] = Lanes.Round(stream[i] + added[i]);
        }

        Norm(row, _norm);
    }
}
