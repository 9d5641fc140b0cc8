using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Commits what traced sequences compute, layer by layer. Nothing here changes a bit of it.</summary>
internal sealed unsafe partial class Lane16Backend : ITracedRows
{
    private readonly int[] _traceIds = new int[MaximumRows];
    private readonly TraceCommitment?[] _commitments = new TraceCommitment?[MaximumRows];
    private readonly int[] _depths;
    private readonly TraceShape _traceShape;
    private TraceBlock? _block;
    private PrivateMemory? _streams;
    private bool _traced;
    private bool _tracesOne;
    private int _sketched;
    private nint _traceLogits;
    private int _traceLogitsRow;
    private int _hashParts;
    private int _residualRows = 1;
    private int _streamRows;

    /// <inheritdoc/>
    void ITracedRows.CopyHead(int row, int layer, int head, Span<byte> destination)
    {
        PagedRows rows = _sequences[row].Rows(layer, head);
        int bytes = _config.HeadSize * sizeof(ushort);
        new ReadOnlySpan<byte>(rows.Key(_positions[row]), bytes).CopyTo(destination);
        new ReadOnlySpan<byte>(rows.Value(_positions[row]), bytes).CopyTo(destination[bytes..]);
    }

    /// <inheritdoc/>
    ReadOnlySpan<float> ITracedRows.LogitsOf(int row) =>
        _traceLogits == 0 || row < _traceLogitsRow || !_sequences[row].Trace!.WantsLogits(_positions[row])
            ? default
            : new((float*)_traceLogits + ((long)(row - _traceLogitsRow) * _config.VocabularySize), _config.VocabularySize);

    /// <inheritdoc/>
    int ITracedRows.InputIdOf(int row) => _traceIds[row];

    /// <summary>Begins a pass's steps: all rows are one sequence's, or each is another's.</summary>
    private void BeginTrace(int rows)
    {
        _traced = false;
        _tracesOne = rows > 1 && _sequences[0] == _sequences[1];
        for (int row = 0; row < rows; row++)
        {
            _commitments[row] = _sequences[row].Trace?.Commitment;
            _traced |= _commitments[row] is not null;
        }

        if (_traced)
        {
            _block ??= new TraceBlock(_traceShape, MaximumRows, _crew.Threads);
            _block.Begin(_commitments.AsSpan(0, rows));
        }
    }

    /// <summary>The row whose intermediate results are asked for, or -1.</summary>
    private int RecordedRow(out OpeningRecorder? recorder)
    {
        recorder = _traced ? _sequences[0].Trace?.Recorder : null;
        int row = recorder is not null && recorder.Layer == _layer ? recorder.LayerPosition - _positions[0] : -1;
        return row < _count ? row : -1;
    }

    private void RecordProjected(float[]? bias)
    {
        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            int rows = _weights.Layers[_layer].QueryKeyValue.Rows;
            float[] values = new ReadOnlySpan<float>(_scratch.Projected + ((long)row * rows), rows).ToArray();
            for (int i = 0; bias is not null && i < rows; i++)
            {
                values[i] += bias[i];
            }

            recorder!.RecordProjected(values);
        }
    }

    private void RecordAttended()
    {
        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            float* packed = _scratch.Attended + ((long)row * _weights.Layers[_layer].AttentionOutput.Stride);
            float[] values = new float[_config.Heads * _config.HeadSize];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = packed[Lanes.PackedIndex(i)];
            }

            recorder!.RecordAttended(values);
        }
    }

    private void RecordRouter(int experts)
    {
        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            recorder!.RecordRouter(new ReadOnlySpan<float>(_scratch.Router + ((long)row * experts), experts));
        }
    }

    /// <summary>The recorded row's part of what one expert computed for some of the rows.</summary>
    private void RecordExpert(int expert, int width, int rows)
    {
        int at = RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0 ? Array.IndexOf(_expertRows, row, 0, rows) : -1;
        if (at >= 0)
        {
            recorder!.RecordExpert(
                expert, new ReadOnlySpan<float>(_scratch.Projected + ((long)at * width), width),
                new ReadOnlySpan<float>(_scratch.ExpertOutputs + ((long)at * _config.HiddenSize), _config.HiddenSize));
        }
    }

    private void RecordShared(int width)
    {
        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            recorder!.RecordShared(
                _scratch.Router[row], new ReadOnlySpan<float>(_scratch.Projected + ((long)row * width), width),
                new ReadOnlySpan<float>(_scratch.ExpertOutputs + ((long)row * _config.HiddenSize), _config.HiddenSize));
        }
    }

    private void RecordGateUp(int rows)
    {
        // What experts compute is recorded by itself.
        if (_config.Experts is not null)
        {
            return;
        }

        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            recorder!.RecordGateUp(new ReadOnlySpan<float>(_scratch.Projected + ((long)row * rows), rows));
        }
    }

    /// <summary>Parts of what is done to rows by themselves after a product: single rows, or as many as are hashed together.</summary>
    private int ResidualParts()
    {
        _residualRows = _traced && _block!.IsLarge ? TraceBlock.PartRows : 1;
        return (_count + _residualRows - 1) / _residualRows;
    }

    private void AddAttentions(int part)
    {
        for (int row = part * _residualRows; row < Math.Min(_count, (part + 1) * _residualRows); row++)
        {
            AddAttention(row);
        }
    }

    private void AddFeedForwards(int part)
    {
        for (int row = part * _residualRows; row < Math.Min(_count, (part + 1) * _residualRows); row++)
        {
            AddFeedForward(row);
        }

        if (_residualRows > 1)
        {
            _block!.HashRows(part);
        }
    }

    /// <summary>Adds what attention gave to the stream, and commits to it.</summary>
    private void AddAttention(int row)
    {
        if (_traced)
        {
            ReadOnlySpan<float> output = new(_scratch.Added + ((long)row * _config.HiddenSize), _config.HiddenSize);
            _block!.SetAttentionOutput(row, output);
            _sequences[row].Trace?.Recorder?.RecordAttentionOutput(_positions[row], _layer, output);
        }

        AddAndNorm(row);
    }

    /// <summary>Adds what the feed-forward part gave to the stream, commits to it, and keeps the stream for a sketch.</summary>
    private void AddFeedForward(int row)
    {
        if (_traced)
        {
            ReadOnlySpan<float> output = new(_scratch.Added + ((long)row * _config.HiddenSize), _config.HiddenSize);
            _block!.SetDownOutput(row, output);
            _sequences[row].Trace?.Recorder?.RecordDownOutput(_positions[row], _layer, output);
        }

        AddAndNorm(row);
        if (_sketched >= 0 && _sequences[row].Trace?.Proofs is not null)
        {
            Narrow(_scratch.Stream + ((long)row * _config.HiddenSize), _config.HiddenSize, KeptStream(_sketched, row));
            if (_sketched == _depths.Length - 1)
            {
                // The last depth is that after all layers.
                NarrowPacked(_scratch.Normed + ((long)row * Lanes.Pad(_config.HiddenSize)), _config.HiddenSize, KeptStream(_depths.Length, row));
            }
        }
    }

    /// <summary>The sketched depth that the layer ends, or -1.</summary>
    private void BeginSketch()
    {
        _sketched = _traced ? Array.IndexOf(_depths, _layer + 1) : -1;
        if (_sketched >= 0)
        {
            _streamRows = Math.Max(_streamRows, _count);
            _streams ??= new PrivateMemory((long)(_depths.Length + 1) * MaximumRows * _config.HiddenSize * sizeof(ushort));
        }
    }

    /// <summary>A row's stream at a sketched depth, or behind them its last hidden state: bfloat16.</summary>
    private ushort* KeptStream(int depth, int row) => (ushort*)_streams!.Pointer + ((((long)row * (_depths.Length + 1)) + depth) * _config.HiddenSize);

    /// <summary>Overwrites the streams that were kept since the last time.</summary>
    private void ClearStreams()
    {
        _streams?.Span(0, (long)_streamRows * (_depths.Length + 1) * _config.HiddenSize * sizeof(ushort)).Clear();
        _streamRows = 0;
    }

    /// <summary>Hashes layers' outputs where there is no room for more.</summary>
    private void CommitLayer()
    {
        if (_traced && _block!.EndLayer() is var parts && parts > 0)
        {
            _crew.Run(_outputsPart, parts);
            _block.Release();
        }
    }

    /// <summary>Completes the steps of a pass.</summary>
    /// <param name="ids">The pass's tokens.</param>
    /// <param name="firstRow">The first row with logits.</param>
    /// <param name="logits">[rows from there on, vocabulary], or null.</param>
    private void CompleteTrace(ReadOnlySpan<int> ids, int firstRow, float* logits)
    {
        if (!_traced)
        {
            return;
        }

        ids.CopyTo(_traceIds);
        (_traceLogits, _traceLogitsRow) = ((nint)logits, firstRow);
        _hashParts = _block!.EndLayers(this);
        _crew.Run(_commitPart, _hashParts + ((_tracesOne ? 1 : _count) * (_depths.Length + 1)));
        _crew.Run(_foldPart, _block.EndHashes());
        Record();
        _block.Complete();
        Array.Clear(_traceIds);
        Array.Clear(_commitments);
        _traceLogits = 0;
    }

    /// <summary>Hashes, then sketches: what is longest first.</summary>
    private void Commit(int part, int worker)
    {
        if (part < _hashParts)
        {
            _block!.Hash(part, worker);
        }
        else
        {
            (int row, int depth) = Math.DivRem(part - _hashParts, _depths.Length + 1);
            AddProofs(row, depth);
        }
    }

    /// <summary>Gives a sequence that asks for them its rows' streams at a depth, or their last hidden states.</summary>
    private void AddProofs(int first, int depth)
    {
        if (_sequences[first].Trace?.Proofs is not { } proofs)
        {
            return;
        }

        for (int row = first; row < (_tracesOne ? _count : first + 1); row++)
        {
            ReadOnlySpan<ushort> kept = new(KeptStream(depth, row), _config.HiddenSize);
            if (depth < _depths.Length)
            {
                proofs.AddStream(depth, _positions[row], kept);
            }
            else
            {
                proofs.AddHidden(_positions[row], kept);
            }
        }
    }

    private void Record()
    {
        for (int row = 0; row < _count; row++)
        {
            if (_sequences[row].Trace?.Recorder is { } recorder)
            {
                for (int layer = 0; layer < _config.Layers; layer++)
                {
                    recorder.RecordLinks(_positions[row], layer, _block!.LinksOf(row, layer));
                }

                recorder.RecordLogits(_positions[row], ((ITracedRows)this).LogitsOf(row));
            }
        }
    }
}
