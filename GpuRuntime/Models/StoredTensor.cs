using System.Runtime.InteropServices;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models.Adapters;

namespace Verathos.GpuRuntime.Models;

/// <summary>A tensor in the private copy of its file.</summary>
/// <param name="Info">Its description.</param>
/// <param name="Memory">The copy.</param>
/// <param name="RotaryHeads">The number of heads where rows lie as rotary pairs (GGUF); 0 where they lie as halves (Hugging Face).</param>
internal sealed record StoredTensor(TensorInfo Info, PrivateMemory Memory, int RotaryHeads)
{
    /// <summary>What adapters add, in their order.</summary>
    public IReadOnlyList<LoraDelta> Deltas { get; init; } = [];

    /// <summary>Rows: the product of all dimensions but the last.</summary>
    public long Rows => Info.Shape.Count == 1 ? 1 : Info.Elements / Math.Max(1, Columns);

    /// <summary>The last dimension.</summary>
    public long Columns => Info.Shape[^1];

    /// <summary>Writes the elements as f32 with what adapters add, rows in Hugging Face's order.</summary>
    /// <param name="destination">Native memory for <see cref="TensorInfo.Elements"/> floats.</param>
    public unsafe void CopyToSingle(float* destination) => ForEachRow((source, row) =>
        Widen(source, row, new Span<float>(destination + (row * Columns), (int)Columns)));

    /// <summary>
    /// Writes the elements as bfloat16, rows in Hugging Face's order; wider types, and sums with what adapters add, are rounded to
    /// nearest, ties to even.
    /// </summary>
    /// <param name="destination">Native memory for all rows.</param>
    /// <param name="stride">Elements from one row to the next, at least <see cref="Columns"/>.</param>
    public unsafe void CopyToBFloat16(ushort* destination, long stride) => ForEachRow((source, row) =>
    {
        Span<ushort> target = new(destination + (row * stride), (int)Columns);
        if (Info.Type == TensorType.BF16 && Deltas.Count == 0)
        {
            MemoryMarshal.Cast<byte, ushort>(source).CopyTo(target);
            return;
        }

        float[] wide = System.Buffers.ArrayPool<float>.Shared.Rent((int)Columns);
        Widen(source, row, wide.AsSpan(0, (int)Columns));
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = Quantization.ToBFloat16(wide[i]);
        }

        System.Buffers.ArrayPool<float>.Shared.Return(wide);
    });

    /// <summary>Writes the elements as they are stored, rows in Hugging Face's order.</summary>
    /// <param name="destination">Native memory for <see cref="TensorInfo.Length"/> bytes.</param>
    /// <exception cref="InvalidOperationException">An adapter changes them.</exception>
    public unsafe void CopyRaw(byte* destination)
    {
        if (Deltas.Count > 0)
        {
            throw new InvalidOperationException($"{Info.Name} is changed by an adapter and has no stored form");
        }

        ForEachRow((source, row) => source.CopyTo(new Span<byte>(destination + (row * source.Length), source.Length)));
    }

    /// <summary>Writes one row as f32 with what adapters add.</summary>
    /// <param name="row">In Hugging Face's order.</param>
    /// <param name="values">Room for <see cref="Columns"/> floats.</param>
    public void ReadRow(long row, Span<float> values)
    {
        long rowBytes = Info.Length / Math.Max(1, Rows);
        Widen(Memory.Span(Info.Offset + (StoredRow(row) * rowBytes), rowBytes), row, values);
    }

    private void Widen(ReadOnlySpan<byte> source, long row, Span<float> values)
    {
        Quantization.ToSingle(Info.Type, source, values);
        if (Deltas.Count > 0)
        {
            float[] sum = new float[values.Length];
            foreach (LoraDelta delta in Deltas)
            {
                delta.AddTo(row, values, sum);
            }
        }
    }

    private void ForEachRow(RowAction action)
    {
        long rowBytes = Info.Length / Math.Max(1, Rows);
        Parallel.For(0L, Rows, row => action(Memory.Span(Info.Offset + (StoredRow(row) * rowBytes), rowBytes), row));
    }

    private long StoredRow(long row)
    {
        if (RotaryHeads == 0)
        {
            return row;
        }

        // Row (half j, index i) of a head lies at 2i + j where rows are pairs.
        long headRows = Rows / RotaryHeads;
        (long within, long half) = (row % headRows, headRows / 2);
        return row - within + (2 * (within % half)) + (within / half);
    }

    private delegate void RowAction(ReadOnlySpan<byte> source, long row);
}
