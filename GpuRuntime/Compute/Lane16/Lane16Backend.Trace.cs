using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Commits what traced sequences compute, layer by layer. Nothing here changes a bit of it.</summary>
internal sealed unsafe partial class Lane16Backend
{
    private readonly int[] _traceIds = new int[MaximumRows];
    private readonly int[] _depths;
    private PrivateMemory? _attentionOutputs;
    private bool _traced;
    private bool _tracesOne;
    private nint _traceLogits;
    private int _traceLogitsRow;

    /// <summary>Begins a block for each traced sequence of a pass: all rows are one sequence's, or each is another's.</summary>
    private void BeginTrace(int rows)
    {
        _traced = false;
        _tracesOne = rows > 1 && _sequences[0] == _sequences[1];
        for (int row = 0; row < (_tracesOne ? 1 : rows); row++)
        {
            if (_sequences[row].Trace is { } trace)
            {
                trace.Commitment.Begin(_tracesOne ? rows : 1);
                _traced = true;
            }
        }

        if (_traced)
        {
            _attentionOutputs ??= new PrivateMemory((long)MaximumRows * _config.HiddenSize * sizeof(float));
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

    private void RecordGateUp(int rows)
    {
        if (RecordedRow(out OpeningRecorder? recorder) is var row && row >= 0)
        {
            recorder!.RecordGateUp(new ReadOnlySpan<float>(_scratch.Projected + ((long)row * rows), rows));
        }
    }

    /// <summary>Keeps what the feed-forward part is about to overwrite.</summary>
    private void KeepAttentionOutput()
    {
        if (_traced)
        {
            long bytes = (long)_count * _config.HiddenSize * sizeof(float);
            Buffer.MemoryCopy(_scratch.Added, _attentionOutputs!.Pointer, bytes, bytes);
        }
    }

    /// <summary>Hashes a layer: chains first, each in the order of its rows, then the rows' leaves.</summary>
    private void CommitLayer()
    {
        if (!_traced)
        {
            return;
        }

        if (_tracesOne)
        {
            _crew.Run(_chainPart, _config.KvHeads);
        }
        else
        {
            _crew.Run(_rowChainsPart, _count);
        }

        _crew.Run(_leafPart, _count);
    }

    /// <summary>Hands streams after a sketched depth, and last hidden states, to the sequences that ask for them.</summary>
    private void AddProofs()
    {
        int depth = _traced ? Array.IndexOf(_depths, _layer + 1) : -1;
        if (depth < 0)
        {
            return;
        }

        // The last depth is that after all layers.
        bool last = depth == _depths.Length - 1;
        int hidden = _config.HiddenSize;
        float[] unpacked = last ? new float[hidden] : [];
        for (int row = 0; row < _count; row++)
        {
            if (_sequences[row].Trace?.Proofs is not { } proofs)
            {
                continue;
            }

            proofs.AddStream(depth, _positions[row], new ReadOnlySpan<float>(_scratch.Stream + ((long)row * hidden), hidden));
            if (last)
            {
                float* packed = _scratch.Normed + ((long)row * Lanes.Pad(hidden));
                for (int i = 0; i < hidden; i++)
                {
                    unpacked[i] = packed[Lanes.PackedIndex(i)];
                }

                proofs.AddHidden(_positions[row], unpacked);
            }
        }

        Array.Clear(unpacked);
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

        if (_tracesOne)
        {
            for (int row = 0; row < ids.Length; row++)
            {
                Complete(row, ids[row], row < firstRow || logits is null ? null : logits + ((long)(row - firstRow) * _config.VocabularySize));
            }

            return;
        }

        ids.CopyTo(_traceIds);
        (_traceLogits, _traceLogitsRow) = ((nint)logits, firstRow);
        _crew.Run(_completePart, _count);
        Array.Clear(_traceIds);
    }

    private void Complete(int row, int id, float* logits)
    {
        if (_sequences[row].Trace is { } trace)
        {
            bool wanted = logits is not null && trace.WantsLogits(_positions[row]);
            ReadOnlySpan<float> committed = wanted ? new(logits, _config.VocabularySize) : default;
            trace.Commitment.Complete(id, committed);
            trace.Recorder?.RecordLogits(_positions[row], committed);
        }
    }

    private void CompleteRow(int row) =>
        Complete(row, _traceIds[row], row < _traceLogitsRow || _traceLogits == 0 ? null : (float*)_traceLogits + ((long)(row - _traceLogitsRow) * _config.VocabularySize));

    /// <summary>One head's rows, all of one sequence.</summary>
    private void CommitHead(int head)
    {
        for (int row = 0; row < _count; row++)
        {
            CommitHead(_sequences[row].Trace!.Commitment, row, row, head);
        }
    }

    /// <summary>One row's heads, where each row is another sequence's.</summary>
    private void CommitHeads(int row)
    {
        for (int head = 0; head < _config.KvHeads && _sequences[row].Trace is { } trace; head++)
        {
            CommitHead(trace.Commitment, row, 0, head);
        }
    }

    private void CommitHead(TraceCommitment commitment, int row, int blockRow, int head)
    {
        PagedRows rows = _sequences[row].Rows(_layer, head);
        commitment.AddHead(
            blockRow, _layer, head,
            new ReadOnlySpan<ushort>(rows.Key(_positions[row]), _config.HeadSize), new ReadOnlySpan<ushort>(rows.Value(_positions[row]), _config.HeadSize));
    }

    private void CommitLeaf(int row)
    {
        if (_sequences[row].Trace is { } trace)
        {
            int hidden = _config.HiddenSize;
            int blockRow = _tracesOne ? row : 0;
            ReadOnlySpan<float> attentionOutput = new((float*)_attentionOutputs!.Pointer + ((long)row * hidden), hidden);
            ReadOnlySpan<float> downOutput = new(_scratch.Added + ((long)row * hidden), hidden);
            trace.Commitment.AddLayer(blockRow, _layer, attentionOutput, downOutput);
            trace.Recorder?.RecordLeaf(_positions[row], _layer, attentionOutput, downOutput, trace.Commitment.LinksOf(blockRow));
        }
    }
}
