using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// A matrix [rows, columns] of bfloat16 whose rows are padded with zeros, or of Q8_0; several tensors of one width may be joined.
/// Other types, and what an adapter changes, are rounded to bfloat16.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    // A part's panels in binary32 stay in the second-level cache while all inputs pass, and four inputs' columns in the first.
    private const int PanelBytes = 160 << 10;
    private const int ResidentColumns = 768;

    // Whole panels of either width, and whole steps of Single.
    private const int RowsMultiple = 12;
    private const int MostPartRows = 96;
    private static readonly bool s_wide = Avx512F.IsSupported;

    private const int Inputs = InputRows.Count;
    private readonly PrivateMemory _memory;
    private readonly PrivateMemory? _scales;

    public PackedMatrix(ModelSource source, params string[] names)
    {
        StoredTensor[] parts = Array.ConvertAll(names, name => source.Tensors[name]);
        Rows = checked((int)parts.Sum(static p => p.Rows));
        Columns = (int)parts[0].Columns;
        Stride = Lanes.Pad(Columns);
        if (parts.All(static part => part.Info.Type == TensorType.Q80 && part.Deltas.Count == 0))
        {
            // Rows of Q8_0 are whole blocks, so that the stride is the number of columns.
            _memory = new PrivateMemory((long)Rows * Stride);
            _scales = new PrivateMemory((long)Rows * (Stride / Quantization.BlockElements) * sizeof(float));
        }
        else
        {
            _memory = new PrivateMemory((long)Rows * Stride * sizeof(ushort));
        }

        int row = 0;
        foreach (StoredTensor part in parts)
        {
            if (_scales is null)
            {
                part.CopyToBFloat16(Row(row), Stride);
            }
            else
            {
                Q8Rows.Copy(part, Elements(row), Scales(row));
            }

            row += (int)part.Rows;
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; }

    public long Bytes => _memory.Length + (_scales?.Length ?? 0);

    /// <summary>Rows that a part of a product covers.</summary>
    public int PartRows => Math.Clamp(PanelBytes / sizeof(float) / Stride / RowsMultiple * RowsMultiple, RowsMultiple, MostPartRows);

    public int Parts => (Rows + PartRows - 1) / PartRows;

    /// <summary>Floats of a worker's room for one part.</summary>
    public long RoomSize => (PartRows * ((long)Stride + Lane16Backend.MaximumRows)) + (RowsMultiple / 2 * (long)Lane16Backend.MaximumRows * Lanes.Step);

    public void Dispose()
    {
        _memory.Dispose();
        _scales?.Dispose();
    }

    /// <summary>Copies a row's elements, rounded to bfloat16.</summary>
    /// <param name="row">Which.</param>
    /// <param name="target">Room for <see cref="Columns"/> floats.</param>
    public void CopyRow(int row, float* target)
    {
        for (int k = 0; k < Columns; k++)
        {
            target[k] = _scales is null
                ? BitConverter.UInt32BitsToSingle((uint)Row(row)[k] << 16)
                : Lanes.Round(Elements(row)[Lanes.PackedIndex(k)] * Scales(row)[k / Quantization.BlockElements]);
        }
    }

    /// <summary>Copies a row's elements as they are multiplied: those of Q8_0 are not rounded.</summary>
    /// <param name="row">Which.</param>
    /// <param name="target"><see cref="Columns"/> floats.</param>
    public void CopyExact(int row, Span<float> target)
    {
        for (int k = 0; k < Columns; k++)
        {
            target[k] = _scales is null
                ? BitConverter.UInt32BitsToSingle((uint)Row(row)[k] << 16)
                : Elements(row)[Lanes.PackedIndex(k)] * Scales(row)[k / Quantization.BlockElements];
        }
    }

    /// <summary>Multiplies packed inputs with one part of the rows.</summary>
    /// <param name="part">Which rows.</param>
    /// <param name="inputs">[count, Stride], packed.</param>
    /// <param name="count">Inputs.</param>
    /// <param name="outputs">[count, outputStride]; only this part's columns are written.</param>
    /// <param name="outputStride">Elements from one output to the next.</param>
    /// <param name="round">Whether results are rounded to bfloat16.</param>
    /// <param name="room">The worker's, <see cref="RoomSize"/> floats.</param>
    public void Multiply(int part, float* inputs, int count, float* outputs, int outputStride, bool round, float* room)
    {
        int first = part * PartRows;
        int end = Math.Min(Rows, first + PartRows);
        if (count < Inputs - 1)
        {
            for (int m = 0; m < count; m++)
            {
                float* x = inputs + ((long)m * Stride);
                float* y = outputs + ((long)m * outputStride);
                if (_scales is null)
                {
                    Single(first, end, x, y);
                }
                else
                {
                    SingleQ8(first, end, x, y);
                }

                if (round)
                {
                    RoundAll(y + first, end - first);
                }
            }
        }
        else if (s_wide)
        {
            Tiles<Tile512>(first, end, inputs, count, outputs, outputStride, round, room);
        }
        else
        {
            Tiles<Tile256>(first, end, inputs, count, outputs, outputStride, round, room);
        }
    }

    /// <summary>Many inputs: the part's rows become panels in binary32 once, and each block of inputs passes over them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Tiles<T>(int first, int end, float* inputs, int count, float* outputs, int outputStride, bool round, float* room)
        where T : ITile
    {
        int panels = (end - first + T.Rows - 1) / T.Rows;
        float* results = room + ((long)PartRows * Stride);
        float* sums = results + (PartRows * (long)Lane16Backend.MaximumRows);
        for (int panel = 0, row = first; panel < panels; panel++, row += T.Rows)
        {
            float* to = room + ((long)panel * T.Rows * Stride);
            if (_scales is null)
            {
                T.Unpack(Row(row), Math.Min(T.Rows, end - row), Stride, to);
            }
            else
            {
                T.UnpackBlocks(Elements(row), Scales(row), Math.Min(T.Rows, end - row), Stride, to);
            }
        }

        int block = panels * T.Rows * Inputs;
        for (int panel = 0; panel < panels; panel++)
        {
            float* weights = room + ((long)panel * T.Rows * Stride);
            for (int column = 0; column < Stride; column += ResidentColumns)
            {
                int columns = Math.Min(ResidentColumns, Stride - column);
                float* at = sums;
                float* to = results + (panel * T.Rows * Inputs);
                for (int m = 0; m < count; m += Inputs, to += block)
                {
                    T.Accumulate(weights, Stride, new InputRows(inputs, m, count, Stride), column, columns, at, to);
                    at += columns == Stride ? 0 : T.Rows * Inputs * Lanes.Step;
                }
            }
        }

        for (int m = 0; m < count; m += Inputs, results += block)
        {
            if (round)
            {
                RoundAll(results, (end - first) * Inputs);
            }

            Spread(results, end - first, Math.Min(Inputs, count - m), outputs + ((long)m * outputStride) + first, outputStride);
        }
    }

    /// <summary>Copies [rows, inputs] to the inputs' outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Spread(float* results, int rows, int inputs, float* outputs, int outputStride)
    {
        int row = 0;
        if (Sse.IsSupported && inputs == Inputs)
        {
            for (; row + 4 <= rows; row += 4, results += 4 * Inputs)
            {
                Vector128<float> a = Vector128.Load(results), b = Vector128.Load(results + 4), c = Vector128.Load(results + 8), d = Vector128.Load(results + 12);
                (Vector128<float> ab, Vector128<float> cd) = (Sse.UnpackLow(a, b), Sse.UnpackLow(c, d));
                Sse.MoveLowToHigh(ab, cd).Store(outputs + row);
                Sse.MoveHighToLow(cd, ab).Store(outputs + outputStride + row);
                (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
                Sse.MoveLowToHigh(ab, cd).Store(outputs + (2L * outputStride) + row);
                Sse.MoveHighToLow(cd, ab).Store(outputs + (3L * outputStride) + row);
            }
        }

        for (; row < rows; row++, results += Inputs)
        {
            for (int m = 0; m < inputs; m++)
            {
                outputs[((long)m * outputStride) + row] = results[m];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RoundAll(float* values, int length)
    {
        int i = 0;
        for (; Avx512F.IsSupported && i + 16 <= length; i += 16)
        {
            Lanes.Round(Vector512.Load(values + i)).Store(values + i);
        }

        for (; i + 8 <= length; i += 8)
        {
            Lanes.Round(Vector256.Load(values + i)).Store(values + i);
        }

        for (; i < length; i++)
        {
            values[i] = Lanes.Round(values[i]);
        }
    }

    /// <summary>
    /// One input: four rows at a time, so that eight sums are under way at once. Meanwhile the next four rows are asked for, since
    /// the processor's own prefetching starts anew at each row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Single(int first, int end, float* x, float* y)
    {
        long ahead = 4L * Stride * sizeof(ushort);
        int n = first;
        for (; n + 4 <= end; n += 4)
        {
            byte* w0 = (byte*)Row(n);
            byte* w1 = (byte*)Row(n + 1);
            byte* w2 = (byte*)Row(n + 2);
            byte* w3 = (byte*)Row(n + 3);
            Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
            for (nint k = 0; k < Stride * sizeof(ushort); k += Lanes.Step * sizeof(ushort))
            {
                Vector256<float> even = Vector256.Load(x + (k / sizeof(ushort)));
                Vector256<float> odd = Vector256.Load(x + (k / sizeof(ushort)) + 8);
                if (Sse.IsSupported && (k & 32) == 0)
                {
                    Sse.Prefetch0(w0 + k + ahead);
                    Sse.Prefetch0(w1 + k + ahead);
                    Sse.Prefetch0(w2 + k + ahead);
                    Sse.Prefetch0(w3 + k + ahead);
                }

                Vector256<uint> p0 = Vector256.Load((uint*)(w0 + k));
                e0 = Vector256.FusedMultiplyAdd(Lanes.Even(p0), even, e0);
                o0 = Vector256.FusedMultiplyAdd(Lanes.Odd(p0), odd, o0);
                Vector256<uint> p1 = Vector256.Load((uint*)(w1 + k));
                e1 = Vector256.FusedMultiplyAdd(Lanes.Even(p1), even, e1);
                o1 = Vector256.FusedMultiplyAdd(Lanes.Odd(p1), odd, o1);
                Vector256<uint> p2 = Vector256.Load((uint*)(w2 + k));
                e2 = Vector256.FusedMultiplyAdd(Lanes.Even(p2), even, e2);
                o2 = Vector256.FusedMultiplyAdd(Lanes.Odd(p2), odd, o2);
                Vector256<uint> p3 = Vector256.Load((uint*)(w3 + k));
                e3 = Vector256.FusedMultiplyAdd(Lanes.Even(p3), even, e3);
                o3 = Vector256.FusedMultiplyAdd(Lanes.Odd(p3), odd, o3);
            }

            y[n] = Lanes.Sum(e0, o0);
            y[n + 1] = Lanes.Sum(e1, o1);
            y[n + 2] = Lanes.Sum(e2, o2);
            y[n + 3] = Lanes.Sum(e3, o3);
        }

        for (; n < end; n++)
        {
            y[n] = Lanes.Dot(x, Row(n), Stride);
        }
    }

    private void SingleQ8(int first, int end, float* x, float* y)
    {
        int n = first;
        for (; n + 4 <= end; n += 4)
        {
            Q8Rows.Four(x, Elements(n), Scales(n), Stride, y + n);
        }

        for (; n < end; n++)
        {
            y[n] = Q8Rows.Dot(x, Elements(n), Scales(n), Stride);
        }
    }

    private ushort* Row(int row) => (ushort*)_memory.Pointer + ((long)row * Stride);

    private sbyte* Elements(int row) => (sbyte*)_memory.Pointer + ((long)row * Stride);

    private float* Scales(int row) => (float*)_scales!.Pointer + ((long)row * (Stride / Quantization.BlockElements));
}
