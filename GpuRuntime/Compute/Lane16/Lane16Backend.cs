using System.Runtime.Intrinsics;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// The forward pass of a Llama-architecture model with products of our own: bfloat16 weights and activations, sums in binary32
/// in one fixed order (see <see cref="Lanes"/>). A row's results do not depend on the rows computed with it, on how a prompt was
/// cut, or on the number of threads.
/// </summary>
internal sealed unsafe class Lane16Backend : IComputeBackend
{
    /// <summary>Rows computed at once; a longer prompt is cut.</summary>
    public const int MaximumRows = 64;

    private readonly ModelConfig _config;
    private readonly Lane16Weights _weights;
    private readonly WorkCrew _crew;
    private readonly float[] _cosines;
    private readonly float[] _sines;
    private readonly int _headStride;
    private readonly int _maxContext;
    private readonly Scratch _scratch;
    private readonly Lane16Sequence[] _sequences = new Lane16Sequence[MaximumRows];
    private readonly int[] _positions = new int[MaximumRows];
    private readonly WorkCrew.PartBody _rotatePart;
    private readonly WorkCrew.PartBody _attendPart;
    private readonly WorkCrew.PartBody _activatePart;
    private readonly WorkCrew.PartBody _residualPart;
    private readonly WorkCrew.PartBody _multiplyPart;
    private int _layer;
    private int _count;
    private float[] _norm = [];
    private (PackedMatrix Matrix, nint Inputs, nint Outputs, int Stride, bool Round) _product;

    public Lane16Backend(ModelSource source, NumericProfile profile, int maxContext, int threads)
    {
        _config = source.Config;
        _maxContext = maxContext;
        Profile = profile;
        _weights = new Lane16Weights(source);
        _crew = new WorkCrew(threads);
        (_cosines, _sines) = RotaryTable.Make(maxContext, _config.HeadSize / 2, _config.RopeTheta);
        _headStride = Lanes.Pad(_config.HeadSize);
        _scratch = new Scratch(_config, _headStride, maxContext, threads);
        _rotatePart = (row, _) => Rotate(row);
        _attendPart = Attend;
        _activatePart = (row, _) => Activate(row);
        _residualPart = (row, _) => AddAndNorm(row);
        _multiplyPart = (part, _) => _product.Matrix.Multiply(part, (float*)_product.Inputs, _count, (float*)_product.Outputs, _product.Stride, _product.Round);
    }

    public NumericProfile Profile { get; }

    public long WeightBytes => _weights.Bytes;

    /// <summary>Sees a sequence's memory after it was overwritten and before it is freed; for tests.</summary>
    internal Action<PrivateMemory>? Released { get; set; }

    /// <summary>Memory for intermediate results.</summary>
    internal PrivateMemory ScratchMemory => _scratch.Memory;

    public SequenceState CreateSequence(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, _maxContext);
        return new Lane16Sequence(this, _config.Layers, _config.KvHeads, _headStride, capacity);
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
            for (int row = 0; row < part.Length; row++)
            {
                _sequences[row] = state;
                _positions[row] = state.Length + row;
            }

            RunLayers(part);
            state.Length += part.Length;
        }

        fixed (float* output = logits)
        {
            Output(_count - 1, 1, output);
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

            RunLayers(part);
            for (int row = 0; row < part.Length; row++)
            {
                _sequences[row].Length++;
            }

            fixed (float* output = logits)
            {
                Output(0, part.Length, output + ((long)at * _config.VocabularySize));
            }
        }
    }

    /// <summary>Overwrites all intermediate results.</summary>
    public void ClearScratch() => _scratch.Memory.Clear();

    public void Dispose()
    {
        _crew.Dispose();
        _weights.Dispose();
        _scratch.Memory.Dispose();
    }

    private void RunLayers(ReadOnlySpan<int> ids)
    {
        _count = ids.Length;
        for (int row = 0; row < ids.Length; row++)
        {
            if ((uint)ids[row] >= (uint)_config.VocabularySize)
            {
                throw new ArgumentException($"the id {ids[row]} is outside the vocabulary");
            }

            ushort* embedding = _weights.Embedding.Row(ids[row]);
            float* stream = _scratch.Stream + ((long)row * _config.HiddenSize);
            for (int i = 0; i < _config.HiddenSize; i++)
            {
                stream[i] = BitConverter.UInt32BitsToSingle((uint)embedding[i] << 16);
            }

            Norm(row, _weights.Layers[0].InputNorm);
        }

        for (_layer = 0; _layer < _weights.Layers.Length; _layer++)
        {
            Lane16Weights.Layer layer = _weights.Layers[_layer];
            Multiply(layer.QueryKeyValue, _scratch.Normed, _scratch.Projected);
            _crew.Run(_rotatePart, _count);
            _crew.Run(_attendPart, _count * _config.KvHeads);
            Multiply(layer.AttentionOutput, _scratch.Attended, _scratch.Added);
            _norm = layer.FeedForwardNorm;
            _crew.Run(_residualPart, _count);
            Multiply(layer.GateUp, _scratch.Normed, _scratch.Projected);
            _crew.Run(_activatePart, _count);
            Multiply(layer.Down, _scratch.Activated, _scratch.Added);
            _norm = _layer + 1 < _weights.Layers.Length ? _weights.Layers[_layer + 1].InputNorm : _weights.FinalNorm;
            _crew.Run(_residualPart, _count);
        }
    }

    /// <summary>Logits of some rows, not rounded.</summary>
    private void Output(int firstRow, int rows, float* logits)
    {
        _count = rows;
        Multiply(_weights.Output, _scratch.Normed + ((long)firstRow * _weights.Output.Stride), logits, round: false);
    }

    private void Multiply(PackedMatrix matrix, float* inputs, float* outputs, bool round = true)
    {
        _product = (matrix, (nint)inputs, (nint)outputs, matrix.Rows, round);
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

    /// <summary>RMSNorm of the residual stream into a packed input.</summary>
    private void Norm(int row, float[] weight)
    {
        int size = _config.HiddenSize;
        float* stream = _scratch.Stream + ((long)row * size);
        float* packed = _scratch.Normed + ((long)row * Lanes.Pad(size));
        Vector256<float> squares = Vector256<float>.Zero;
        int i = 0;
        for (; i + 8 <= size; i += 8)
        {
            Vector256<float> x = Vector256.Load(stream + i);
            squares = Vector256.FusedMultiplyAdd(x, x, squares);
        }

        float sum = Lanes.Sum(squares, Vector256<float>.Zero);
        for (; i < size; i++)
        {
            sum = MathF.FusedMultiplyAdd(stream[i], stream[i], sum);
        }

        float scale = 1 / MathF.Sqrt((sum / size) + (float)_config.RmsNormEpsilon);
        for (i = 0; i < size; i++)
        {
            packed[Lanes.PackedIndex(i)] = Lanes.Round(stream[i] * scale * weight[i]);
        }
    }

    /// <summary>Turns a row's queries and keys by its position, and stores its keys and values.</summary>
    private void Rotate(int row)
    {
        int size = _config.HeadSize;
        int half = size / 2;
        int position = _positions[row];
        Lane16Sequence sequence = _sequences[row];
        ReadOnlySpan<float> cosines = _cosines.AsSpan(position * half, half);
        ReadOnlySpan<float> sines = _sines.AsSpan(position * half, half);
        float* projected = _scratch.Projected + ((long)row * _weights.Layers[0].QueryKeyValue.Rows);
        for (int head = 0; head < _config.Heads + _config.KvHeads; head++)
        {
            float* source = projected + (head * size);
            bool query = head < _config.Heads;
            float* packed = query ? _scratch.Queries + ((((long)row * _config.Heads) + head) * _headStride) : null;
            ushort* key = query ? null : sequence.Keys(_layer, head - _config.Heads) + ((long)position * _headStride);
            for (int i = 0; i < half; i++)
            {
                float first = (source[i] * cosines[i]) - (source[i + half] * sines[i]);
                float second = (source[i + half] * cosines[i]) + (source[i] * sines[i]);
                if (query)
                {
                    packed[Lanes.PackedIndex(i)] = Lanes.Round(first);
                    packed[Lanes.PackedIndex(i + half)] = Lanes.Round(second);
                }
                else
                {
                    key[i] = Quantization.ToBFloat16(first);
                    key[i + half] = Quantization.ToBFloat16(second);
                }
            }
        }

        float* values = projected + ((_config.Heads + _config.KvHeads) * size);
        for (int head = 0; head < _config.KvHeads; head++)
        {
            ushort* value = sequence.Values(_layer, head) + ((long)position * _headStride);
            for (int i = 0; i < size; i++)
            {
                value[i] = Quantization.ToBFloat16(values[(head * size) + i]);
            }
        }
    }

    private void Attend(int part, int worker)
    {
        int row = part / _config.KvHeads;
        int kvHead = part % _config.KvHeads;
        int group = _config.Heads / _config.KvHeads;
        Lane16Sequence sequence = _sequences[row];
        float* scores = _scratch.Scores(worker);
        float* mixed = _scratch.Mixed(worker);
        float* output = _scratch.Attended + ((long)row * _weights.Layers[0].AttentionOutput.Stride);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            float* query = _scratch.Queries + ((((long)row * _config.Heads) + head) * _headStride);
            AttentionKernel.Attend(query, sequence.Keys(_layer, kvHead), sequence.Values(_layer, kvHead), _positions[row] + 1, _headStride, 1 / MathF.Sqrt(_config.HeadSize), scores, mixed);
            for (int i = 0; i < _config.HeadSize; i++)
            {
                output[Lanes.PackedIndex((head * _config.HeadSize) + i)] = Lanes.Round(mixed[Lanes.PackedIndex(i)]);
            }
        }
    }

    /// <summary>SwiGLU of a row into a packed input: gate / (1 + e^-gate), rounded, times up, rounded.</summary>
    private void Activate(int row)
    {
        int size = _config.IntermediateSize;
        float* gate = _scratch.Projected + ((long)row * 2 * size);
        float* up = gate + size;
        float* packed = _scratch.Activated + ((long)row * Lanes.Pad(size));
        Span<float> tail = stackalloc float[8];
        for (int i = 0; i < size; i += 8)
        {
            int count = Math.Min(8, size - i);
            tail.Clear();
            new ReadOnlySpan<float>(gate + i, count).CopyTo(tail);
            Vector256<float> g = Vector256.Create<float>(tail);
            Vector256<float> activated = Lanes.Round(g / (Vector256<float>.One + Lanes.Exp(-g)));
            for (int j = 0; j < count; j++)
            {
                packed[Lanes.PackedIndex(i + j)] = Lanes.Round(activated.GetElement(j) * up[i + j]);
            }
        }
    }
}
