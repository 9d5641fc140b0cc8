using System.Runtime.Intrinsics;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>What is done to each row by itself.</summary>
internal sealed unsafe partial class Lane16Backend
{
    /// <summary>What RMSNorm multiplies a row by: one over the root of the mean square.</summary>
    private float NormScale(float* row, int size)
    {
        Vector256<float> squares = Vector256<float>.Zero;
        int i = 0;
        for (; i + 8 <= size; i += 8)
        {
            Vector256<float> x = Vector256.Load(row + i);
            squares = Vector256.FusedMultiplyAdd(x, x, squares);
        }

        float sum = Lanes.Sum(squares, Vector256<float>.Zero);
        for (; i < size; i++)
        {
            sum = MathF.FusedMultiplyAdd(row[i], row[i], sum);
        }

        return 1 / MathF.Sqrt((sum / size) + (float)_config.RmsNormEpsilon);
    }

    /// <summary>RMSNorm of the residual stream into a packed input.</summary>
    private void Norm(int row, float[] weight)
    {
        int size = _config.HiddenSize;
        float* stream = _scratch.Stream + ((long)row * size);
        float* packed = _scratch.Normed + ((long)row * Lanes.Pad(size));
        float scale = NormScale(stream, size);
        for (int i = 0; i < size; i++)
        {
            packed[Lanes.PackedIndex(i)] = Lanes.Round(stream[i] * scale * weight[i]);
        }
    }

    /// <summary>RMSNorm of one head in place.</summary>
    private void NormHead(float* head, float[] weight)
    {
        float scale = NormScale(head, weight.Length);
        for (int i = 0; i < weight.Length; i++)
        {
            head[i] = Lanes.Round(head[i] * scale * weight[i]);
        }
    }

    /// <summary>Adds biases, norms and turns a row's queries and keys, and stores its keys and values.</summary>
    private void Rotate(int row)
    {
        int size = _config.HeadSize;
        int half = size / 2;
        int position = _positions[row];
        Lane16Weights.Layer layer = _weights.Layers[_layer];
        Lane16Sequence sequence = _sequences[row];
        ReadOnlySpan<float> cosines = _cosines.AsSpan(position * half, half);
        ReadOnlySpan<float> sines = _sines.AsSpan(position * half, half);
        float* projected = _scratch.Projected + ((long)row * layer.QueryKeyValue.Rows);
        if (layer.Bias is { } bias)
        {
            for (int i = 0; i < bias.Length; i++)
            {
                projected[i] = Lanes.Round(projected[i] + bias[i]);
            }
        }

        for (int head = 0; head < _config.Heads + _config.KvHeads; head++)
        {
            float* source = projected + (head * size);
            bool query = head < _config.Heads;
            if ((query ? layer.QueryNorm : layer.KeyNorm) is { } norm)
            {
                NormHead(source, norm);
            }

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
        int seen = _positions[row] + 1;
        int first = Math.Max(0, seen - _config.Window(_layer));
        ushort* keys = sequence.Keys(_layer, kvHead) + ((long)first * _headStride);
        ushort* values = sequence.Values(_layer, kvHead) + ((long)first * _headStride);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            float* query = _scratch.Queries + ((((long)row * _config.Heads) + head) * _headStride);
            AttentionKernel.Attend(query, keys, values, seen - first, _headStride, 1 / MathF.Sqrt(_config.HeadSize), scores, mixed);
            for (int i = 0; i < _config.HeadSize; i++)
            {
                output[Lanes.PackedIndex((head * _config.HeadSize) + i)] = Lanes.Round(mixed[Lanes.PackedIndex(i)]);
            }
        }
    }

    /// <summary>SwiGLU of a row into a packed input: gate / (1 + e^-gate), rounded, times up, rounded.</summary>
    private void Activate(int row)
    {
        int size = _width;
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

        // Of experts of other widths the padding may still hold elements.
        for (int i = size; i < Lanes.Pad(size); i++)
        {
            packed[Lanes.PackedIndex(i)] = 0;
        }
    }
}
