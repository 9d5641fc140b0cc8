using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>What a <see cref="ForwardHook"/> reads and writes, and passes over a known sequence.</summary>
internal sealed unsafe partial class Lane16Backend
{
    // Logits of more rows than these are not held at once.
    private const int RowsWithLogits = 64;
    private int _depth;

    /// <summary>Sees or changes what is computed, or null.</summary>
    public ForwardHook? Hook { get; set; }

    /// <summary>The model's configuration.</summary>
    public ModelConfig Config => _config;

    /// <summary>Rows of the pass under way.</summary>
    public int Rows => _count;

    /// <summary>A row's position.</summary>
    public int PositionOf(int row) => _positions[row];

    /// <summary>A row's sequence.</summary>
    public Lane16Sequence SequenceOf(int row) => _sequences[row];

    /// <summary>What the layer is about to add to the stream: [hidden].</summary>
    public Span<float> Added(int row) => new(_scratch.Added + ((long)row * _config.HiddenSize), _config.HiddenSize);

    /// <summary>The residual stream: [hidden].</summary>
    public Span<float> Stream(int row) => new(_scratch.Stream + ((long)row * _config.HiddenSize), _config.HiddenSize);

    /// <summary>Outputs of the joined query, key and value projection, or of the joined gate and up projection, whichever was last.</summary>
    /// <param name="row">In the pass.</param>
    /// <param name="width">Outputs of a row.</param>
    public Span<float> Projected(int row, int width) => new(_scratch.Projected + ((long)row * width), width);

    /// <summary>The normed stream, which the next product reads.</summary>
    public void ReadNormed(int row, Span<float> values) => Unpack(_scratch.Normed + ((long)row * Lanes.Pad(_config.HiddenSize)), values);

    /// <summary>What the output projection of attention reads: [query heads, head].</summary>
    public void ReadAttended(int row, Span<float> values) => Unpack(_scratch.Attended + ((long)row * _weights.Layers[0].AttentionOutput.Stride), values);

    /// <summary>What the down projection reads.</summary>
    public void ReadActivated(int row, Span<float> values) => Unpack(_scratch.Activated + ((long)row * Lanes.Pad(_config.IntermediateSize)), values);

    /// <summary>A row's key of a head, as it is kept.</summary>
    public Span<ushort> KeyOf(int row, int layer, int head) => KeyAt(_sequences[row], layer, head, _positions[row]);

    /// <summary>A row's value of a head, as it is kept.</summary>
    public Span<ushort> ValueOf(int row, int layer, int head) => ValueAt(_sequences[row], layer, head, _positions[row]);

    /// <summary>A computed position's key of a head.</summary>
    public Span<ushort> KeyAt(Lane16Sequence sequence, int layer, int head, int position) => new(sequence.Rows(layer, head).Key(position), _config.HeadSize);

    /// <summary>A computed position's value of a head.</summary>
    public Span<ushort> ValueAt(Lane16Sequence sequence, int layer, int head, int position) => new(sequence.Rows(layer, head).Value(position), _config.HeadSize);

    /// <summary>Biases of a layer's joined query, key and value projection, or null.</summary>
    public float[]? BiasOf(int layer) => _weights.Layers[layer].Bias;

    /// <summary>Computes with other weights of the same shape and types from now on, and gives those before, which the caller then owns.</summary>
    public Lane16Weights Exchange(Lane16Weights weights)
    {
        (Lane16Weights before, _weights) = (_weights, weights);
        return before;
    }

    /// <summary>Appends tokens whose answer is known already: all their logits from a position on are given to the hook, and nothing is computed beyond a depth.</summary>
    /// <param name="sequence">This backend's. Where it is traced, all layers and all logits of its answer must be computed.</param>
    /// <param name="ids">One or more.</param>
    /// <param name="firstLogits">The first position whose logits are wanted.</param>
    /// <param name="depth">Layers to compute.</param>
    public void Replay(SequenceState sequence, ReadOnlySpan<int> ids, int firstLogits, int depth)
    {
        Lane16Sequence state = (Lane16Sequence)sequence;
        if (ids.Length == 0 || ids.Length > state.Capacity - state.Length || depth < 1 || depth > _config.Layers || (depth < _config.Layers && state.Trace is not null))
        {
            throw new ArgumentException($"{ids.Length} tokens after {state.Length} of {state.Capacity} to a depth of {depth}");
        }

        try
        {
            _depth = depth;
            bool wantsLogits = depth == _config.Layers && firstLogits < state.Length + ids.Length;
            int most = wantsLogits ? RowsWithLogits : MaximumRows;
            for (int at = 0; at < ids.Length; at += most)
            {
                ReadOnlySpan<int> part = ids.Slice(at, Math.Min(most, ids.Length - at));
                BeginRows(state, part.Length);
                RunLayers(part);
                int first = wantsLogits ? Math.Clamp(firstLogits - state.Length, 0, part.Length) : part.Length;
                state.Length += part.Length;
                if (first == part.Length)
                {
                    CompleteTrace(part, part.Length, null);
                    continue;
                }

                float[] logits = new float[(part.Length - first) * _config.VocabularySize];
                fixed (float* output = logits)
                {
                    Output(first, part.Length - first, output);
                    CompleteTrace(part, first, output);
                }

                Array.Clear(logits);
            }
        }
        finally
        {
            _depth = _config.Layers;
        }
    }

    private void BeginRows(Lane16Sequence state, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            _sequences[row] = state;
            _positions[row] = state.Length + row;
        }

        state.Reserve(state.Length + rows);
        _blockRows = AttentionBlock.MostQueries / _blockHeads;
    }

    private static void Unpack(float* packed, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = packed[Lanes.PackedIndex(i)];
        }
    }
}
