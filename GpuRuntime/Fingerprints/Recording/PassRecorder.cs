using System.Runtime.InteropServices;
using Verathos.Fingerprint.Numerics;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;

namespace Verathos.GpuRuntime.Fingerprints.Recording;

/// <summary>Records what sequences compute, each into its own pass.</summary>
internal sealed class PassRecorder : ForwardHook
{
    private readonly Dictionary<SequenceState, RecordedPass> _passes = [];
    private float[] _values = [];

    /// <summary>Records a sequence from its next token on.</summary>
    public void Begin(SequenceState sequence, RecordedPass pass) => _passes[sequence] = pass;

    /// <summary>Forgets a sequence.</summary>
    public void End(SequenceState sequence) => _passes.Remove(sequence);

    public override void AfterProjection(Lane16Backend backend, int layer)
    {
        foreach ((int row, RecordedPass pass) in Recorded(backend))
        {
            int position = backend.PositionOf(row);
            Span<float> projected = Room(pass.ProjectedSize);
            backend.Projected(row, pass.ProjectedSize).CopyTo(projected);
            if (backend.BiasOf(layer) is { } bias)
            {
                for (int i = 0; i < bias.Length; i++)
                {
                    projected[i] = BFloat16.Round(projected[i] + bias[i]);
                }
            }

            Narrow(projected, pass.Projected(layer, position));
            if (pass.WithInputs)
            {
                backend.ReadNormed(row, Room(backend.Config.HiddenSize));
                Narrow(_values, pass.Normed(layer, position));
            }
        }
    }

    public override void AfterKeys(Lane16Backend backend, int layer)
    {
        int size = backend.Config.HeadSize;
        foreach ((int row, RecordedPass pass) in Recorded(backend))
        {
            for (int head = 0; head < backend.Config.KvHeads; head++)
            {
                int at = backend.PositionOf(row) * size;
                backend.KeyOf(row, layer, head).CopyTo(pass.Keys(layer, head)[at..]);
                backend.ValueOf(row, layer, head).CopyTo(pass.Values(layer, head)[at..]);
            }
        }
    }

    public override void AfterAttention(Lane16Backend backend, int layer)
    {
        foreach ((int row, RecordedPass pass) in Recorded(backend))
        {
            int position = backend.PositionOf(row);
            backend.ReadAttended(row, Room(pass.AttendedSize));
            Narrow(_values, pass.Attended(layer, position));
            Narrow(backend.Added(row), pass.AttentionOutput(layer, position));
        }
    }

    public override void AfterFeedForward(Lane16Backend backend, int layer)
    {
        int inner = backend.Config.IntermediateSize;
        foreach ((int row, RecordedPass pass) in Recorded(backend))
        {
            int position = backend.PositionOf(row);
            Narrow(backend.Projected(row, 2 * inner), pass.GateUp(layer, position));
            Narrow(backend.Added(row), pass.DownOutput(layer, position));
            if (pass.WithInputs)
            {
                // The second norm's output lies there until the layer is added.
                backend.ReadNormed(row, Room(backend.Config.HiddenSize));
                Narrow(_values, pass.FeedForwardNormed(layer, position));
                backend.ReadActivated(row, Room(inner));
                Narrow(_values, pass.Activated(layer, position));
            }
        }
    }

    public override void AfterLogits(Lane16Backend backend, int firstRow, Span<float> logits)
    {
        int vocabulary = backend.Config.VocabularySize;
        for (int at = 0; at < logits.Length; at += vocabulary, firstRow++)
        {
            if (_passes.TryGetValue(backend.SequenceOf(firstRow), out RecordedPass? pass))
            {
                pass.Logits[backend.PositionOf(firstRow)] = logits.Slice(at, vocabulary).ToArray();
            }
        }
    }

    private IEnumerable<(int Row, RecordedPass Pass)> Recorded(Lane16Backend backend)
    {
        for (int row = 0; row < backend.Rows; row++)
        {
            if (_passes.TryGetValue(backend.SequenceOf(row), out RecordedPass? pass))
            {
                yield return (row, pass);
            }
        }
    }

    private Span<float> Room(int length)
    {
        if (_values.Length < length)
        {
            _values = new float[length];
        }

        return _values.AsSpan(0, length);
    }

    // The values are bfloat16 already.
    private static void Narrow(ReadOnlySpan<float> values, Span<ushort> bits)
    {
        ReadOnlySpan<uint> wide = MemoryMarshal.Cast<float, uint>(values)[..bits.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            bits[i] = (ushort)(wide[i] >> 16);
        }
    }
}
