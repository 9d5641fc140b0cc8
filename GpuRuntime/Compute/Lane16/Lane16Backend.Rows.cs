using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>What is done to each row by itself.</summary>
internal sealed unsafe partial class Lane16Backend
{
    /// <summary>What RMSNorm multiplies a row by: one over the root of the mean square.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Norm(int row, float[] weight)
    {
        int size = _config.HiddenSize;
        float* stream = _scratch.Stream + ((long)row * size);
        float* packed = _scratch.Normed + ((long)row * Lanes.Pad(size));
        float scale = NormScale(stream, size);
        int i = 0;
        fixed (float* weights = weight)
        {
            for (; i + Lanes.Step <= size; i += Lanes.Step)
            {
                Vector256<float> low = Vector256.Load(stream + i) * scale * Vector256.Load(weights + i);
                Vector256<float> high = Vector256.Load(stream + i + 8) * scale * Vector256.Load(weights + i + 8);
                Lanes.StorePacked(Lanes.Round(low), Lanes.Round(high), packed + i);
            }
        }

        for (; i < size; i++)
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

            Turn(source, cosines, sines, half);
            if (query)
            {
                Pack(source, size, _scratch.Queries + ((((long)row * _config.Heads) + head) * _headStride));
            }
            else
            {
                Narrow(source, size, sequence.Rows(_layer, head - _config.Heads).Key(position));
            }
        }

        float* values = projected + ((_config.Heads + _config.KvHeads) * size);
        for (int head = 0; head < _config.KvHeads; head++)
        {
            Narrow(values + (head * size), size, sequence.Rows(_layer, head).Value(position));
        }
    }

    /// <summary>Turns one head by its position, in place: element i with element i + half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* head, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines, int half)
    {
        int i = 0;
        for (; i + 8 <= half; i += 8)
        {
            Vector256<float> first = Vector256.Load(head + i);
            Vector256<float> second = Vector256.Load(head + i + half);
            Vector256<float> cosine = Vector256.Create(cosines[i..]);
            Vector256<float> sine = Vector256.Create(sines[i..]);
            ((first * cosine) - (second * sine)).Store(head + i);
            ((second * cosine) + (first * sine)).Store(head + i + half);
        }

        for (; i < half; i++)
        {
            (float first, float second) = (head[i], head[i + half]);
            head[i] = (first * cosines[i]) - (second * sines[i]);
            head[i + half] = (second * cosines[i]) + (first * sines[i]);
        }
    }

    /// <summary>Rounds to bfloat16 into a packed input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack(float* source, int length, float* packed)
    {
        int i = 0;
        for (; i + Lanes.Step <= length; i += Lanes.Step)
        {
            Lanes.StorePacked(Lanes.Round(Vector256.Load(source + i)), Lanes.Round(Vector256.Load(source + i + 8)), packed + i);
        }

        for (; i < length; i++)
        {
            packed[Lanes.PackedIndex(i)] = Lanes.Round(source[i]);
        }
    }

    /// <summary>Rounds to bfloat16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow(float* source, int length, ushort* target)
    {
        int i = 0;
        for (; i + Lanes.Step <= length; i += Lanes.Step)
        {
            Vector256<uint> low = Lanes.Round(Vector256.Load(source + i)).AsUInt32() >> 16;
            Vector256<uint> high = Lanes.Round(Vector256.Load(source + i + 8)).AsUInt32() >> 16;
            Vector256.Narrow(low, high).Store(target + i);
        }

        for (; i < length; i++)
        {
            target[i] = Quantization.ToBFloat16(source[i]);
        }
    }

    /// <summary>Rounded elements of a packed row as bfloat16, in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NarrowPacked(float* packed, int length, ushort* target)
    {
        int i = 0;
        for (; i + Lanes.Step <= length; i += Lanes.Step)
        {
            // The even elements come first, so that an odd one's bits stay where they are.
            Vector256<uint> even = Vector256.Load((uint*)(packed + i)) >> 16;
            Vector256<uint> odd = Vector256.Load((uint*)(packed + i + 8)) & Vector256.Create(0xffff0000u);
            (even | odd).Store((uint*)(target + i));
        }

        for (; i < length; i++)
        {
            target[i] = Quantization.ToBFloat16(packed[Lanes.PackedIndex(i)]);
        }
    }

    /// <summary>Attention of some neighbouring rows of one sequence for some heads of one key/value head.</summary>
    private void Attend(int part, int worker)
    {
        int splits = (_config.Heads / _config.KvHeads + _blockHeads - 1) / _blockHeads;
        int kvHead = part / splits % _config.KvHeads;
        int row = part / splits / _config.KvHeads * _blockRows;
        int group = _config.Heads / _config.KvHeads;
        int head = (kvHead * group) + (part % splits * _blockHeads);
        int heads = Math.Min(_blockHeads, ((kvHead + 1) * group) - head);
        int rows = Math.Min(_blockRows, _count - row);
        AttentionQueries queries = new(
            _scratch.Queries + ((((long)row * _config.Heads) + head) * _headStride), (long)_config.Heads * _headStride, heads, rows, _positions[row], _config.Window(_layer));
        PagedRows kept = _sequences[row].Rows(_layer, kvHead);
        float scale = 1 / MathF.Sqrt(_config.HeadSize);
        float* mixed = Avx512F.IsSupported
            ? AttentionBlock.Attend<Tile512>(queries, kept, scale, _scratch.Scores(worker), _scratch.ScoreSize, _scratch.Attention(worker))
            : AttentionBlock.Attend<Tile256>(queries, kept, scale, _scratch.Scores(worker), _scratch.ScoreSize, _scratch.Attention(worker));
        for (int r = row; r < row + rows; r++)
        {
            float* output = _scratch.Attended + ((long)r * _weights.Layers[0].AttentionOutput.Stride);
            for (int h = head; h < head + heads; h++, mixed += _headStride)
            {
                PackRounded(mixed, _config.HeadSize, output, h * _config.HeadSize);
            }
        }
    }

    /// <summary>Rounds a packed head into its place in a packed input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRounded(float* head, int size, float* packed, int at)
    {
        int i = 0;
        for (; at % Lanes.Step == 0 && i + Lanes.Step <= size; i += Lanes.Step)
        {
            Lanes.Round(Vector256.Load(head + i)).Store(packed + at + i);
            Lanes.Round(Vector256.Load(head + i + 8)).Store(packed + at + i + 8);
        }

        for (; i < size; i++)
        {
            packed[Lanes.PackedIndex(at + i)] = Lanes.Round(head[Lanes.PackedIndex(i)]);
        }
    }

    /// <summary>SwiGLU of a row into a packed input: gate / (1 + e^-gate), rounded, times up, rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(int row)
    {
        int size = _width;
        float* gate = _scratch.Projected + ((long)row * 2 * size);
        float* up = gate + size;
        float* packed = _scratch.Activated + ((long)row * Lanes.Pad(size));
        int i = 0;
        for (; i + Lanes.Step <= size; i += Lanes.Step)
        {
            Lanes.StorePacked(Activate(gate + i, up + i), Activate(gate + i + 8, up + i + 8), packed + i);
        }

        float* rest = stackalloc float[Lanes.Step];
        for (; i < size; i++)
        {
            (rest[0], rest[8]) = (gate[i], up[i]);
            packed[Lanes.PackedIndex(i)] = Activate(rest, rest + 8).ToScalar();
        }

        // Of experts of other widths the padding may still hold elements.
        for (; i < Lanes.Pad(size); i++)
        {
            packed[Lanes.PackedIndex(i)] = 0;
        }
    }

    private static Vector256<float> Activate(float* gate, float* up)
    {
        Vector256<float> g = Vector256.Load(gate);
        return Lanes.Round(Lanes.Round(g / (Vector256<float>.One + Lanes.Exp(-g))) * Vector256.Load(up));
    }
}
