using System.Runtime.InteropServices;
using Verathos.Bench.Statistics;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;

namespace Verathos.Bench.Fingerprint;

/// <summary>Commits passes of one shape on one thread, as the engine does: one answer's steps, several answers', or a prompt.</summary>
internal sealed class CommitBench : ITracedRows
{
    private readonly BenchShape _model;
    private readonly int _rows;
    private readonly bool _isPrompt;
    private readonly float[] _row;
    private readonly float[] _logits;
    private readonly byte[] _head;

    public CommitBench(BenchShape model, int rows, bool isPrompt)
    {
        (_model, _rows, _isPrompt) = (model, rows, isPrompt);
        _row = FingerprintBench.Row(model.Trace.HiddenSize, 1);
        _logits = FingerprintBench.Row(model.Trace.VocabularySize, 2);
        _head = MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(FingerprintBench.Row(model.Trace.HeadSize, 3), BFloat16.FromSingle)).ToArray();
    }

    public void CopyHead(int row, int layer, int head, Span<byte> destination)
    {
        _head.CopyTo(destination);
        _head.CopyTo(destination[_head.Length..]);
    }

    public ReadOnlySpan<float> LogitsOf(int row) => _isPrompt && row < _rows - 1 ? default : _logits;

    public int InputIdOf(int row) => row;

    /// <summary>Times passes; what is given is the share of each row.</summary>
    public FingerprintRow Measure(string name, int count, CancellationToken stop)
    {
        TraceShape shape = _model.Trace;
        using TraceBlock block = new(shape, _rows, 1);
        TraceCommitment[] traces = [.. Enumerable.Range(0, _isPrompt ? 1 : _rows).Select(_ => new TraceCommitment(shape, new byte[TraceSalts.SecretSize]))];
        TraceCommitment[] owners = [.. Enumerable.Range(0, _rows).Select(i => traces[_isPrompt ? 0 : i])];
        Spread all = FingerprintBench.Time(_isPrompt ? Math.Max(1, count / 4) : count, () => Commit(block, owners), stop);
        Array.ForEach(traces, trace => trace.Dispose());
        long bytes = (shape.Layers * ((4L * shape.HiddenSize) + (4L * shape.KvHeads * shape.HeadSize))) + (_isPrompt ? 0 : 4L * shape.VocabularySize);
        return new FingerprintRow(name, _model.Name, bytes, new Spread(all.Count, all.Minimum / _rows, all.Median / _rows, all.P99 / _rows, all.Maximum / _rows));
    }

    private void Commit(TraceBlock block, TraceCommitment[] owners)
    {
        block.Begin(owners);
        for (int layer = 0; layer < _model.Trace.Layers; layer++)
        {
            for (int row = 0; row < _rows; row++)
            {
                block.SetAttentionOutput(row, _row);
                block.SetDownOutput(row, _row);
            }

            for (int first = 0; block.IsLarge && first < _rows; first += TraceBlock.PartRows)
            {
                block.HashRows(first / TraceBlock.PartRows);
            }

            if (block.EndLayer() is var parts && parts > 0)
            {
                for (int part = 0; part < parts; part++)
                {
                    block.HashOutputs(part);
                }

                block.Release();
            }
        }

        int hashes = block.EndLayers(this);
        for (int part = 0; part < hashes; part++)
        {
            block.Hash(part, 0);
        }

        int folds = block.EndHashes();
        for (int part = 0; part < folds; part++)
        {
            block.Fold(part, 0);
        }

        block.Complete();
    }
}
