using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>A matrix of bfloat16 [rows, columns] whose rows are padded with zeros; several tensors of one width may be joined.</summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Rows that a part of a product covers.</summary>
    public const int PartRows = 64;

    private readonly PrivateMemory _memory;

    public PackedMatrix(ModelSource source, params string[] names)
    {
        StoredTensor[] parts = Array.ConvertAll(names, name => source.Tensors[name]);
        Rows = checked((int)parts.Sum(static p => p.Rows));
        Columns = (int)parts[0].Columns;
        Stride = Lanes.Pad(Columns);
        _memory = new PrivateMemory((long)Rows * Stride * sizeof(ushort));
        long row = 0;
        foreach (StoredTensor part in parts)
        {
            part.CopyToBFloat16((ushort*)_memory.Pointer + (row * Stride), Stride);
            row += part.Rows;
        }
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; }

    public long Bytes => _memory.Length;

    public int Parts => (Rows + PartRows - 1) / PartRows;

    /// <summary>A row's first element.</summary>
    public ushort* Row(int row) => (ushort*)_memory.Pointer + ((long)row * Stride);

    public void Dispose() => _memory.Dispose();

    /// <summary>Multiplies packed inputs with one part of the rows.</summary>
    /// <param name="part">Which rows.</param>
    /// <param name="inputs">[count, Stride], packed.</param>
    /// <param name="count">Inputs.</param>
    /// <param name="outputs">[count, outputStride]; only this part's columns are written.</param>
    /// <param name="outputStride">Elements from one output to the next.</param>
    /// <param name="round">Whether results are rounded to bfloat16.</param>
    public void Multiply(int part, float* inputs, int count, float* outputs, int outputStride, bool round)
    {
        int first = part * PartRows;
        int end = Math.Min(Rows, first + PartRows);
        if (count == 1)
        {
            Single(first, end, inputs, outputs);
        }
        else
        {
            for (int n = first; n < end; n += 2)
            {
                Pair(n, n + 1 < end, inputs, count, outputs, outputStride);
            }
        }

        if (round)
        {
            for (int m = 0; m < count; m++)
            {
                RoundAll(outputs + ((long)m * outputStride) + first, end - first);
            }
        }
    }

    private static void RoundAll(float* values, int length)
    {
        int i = 0;
        for (; i + 8 <= length; i += 8)
        {
            Lanes.Round(Vector256.Load(values + i)).Store(values + i);
        }

        for (; i < length; i++)
        {
            values[i] = Lanes.Round(values[i]);
        }
    }

    /// <summary>One input: four rows at a time, so that eight sums are under way at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Single(int first, int end, float* x, float* y)
    {
        int n = first;
        for (; n + 4 <= end; n += 4)
        {
            ushort* w0 = Row(n);
            ushort* w1 = Row(n + 1);
            ushort* w2 = Row(n + 2);
            ushort* w3 = Row(n + 3);
            Vector256<float> e0 = Vector256<float>.Zero, o0 = e0, e1 = e0, o1 = e0, e2 = e0, o2 = e0, e3 = e0, o3 = e0;
            for (int k = 0; k < Stride; k += Lanes.Step)
            {
                Vector256<float> even = Vector256.Load(x + k);
                Vector256<float> odd = Vector256.Load(x + k + 8);
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

    /// <summary>Many inputs and two rows (or one, at the end), two by two: eight sums under way, each element loaded half as often.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pair(int n, bool two, float* inputs, int count, float* outputs, int outputStride)
    {
        ushort* w0 = Row(n);
        ushort* w1 = two ? Row(n + 1) : w0;
        int m = 0;
        for (; m + 2 <= count; m += 2)
        {
            float* x0 = inputs + ((long)m * Stride);
            float* x1 = x0 + Stride;
            Vector256<float> e00 = Vector256<float>.Zero, o00 = e00, e01 = e00, o01 = e00, e10 = e00, o10 = e00, e11 = e00, o11 = e00;
            for (int k = 0; k < Stride; k += Lanes.Step)
            {
                Vector256<float> xe0 = Vector256.Load(x0 + k);
                Vector256<float> xo0 = Vector256.Load(x0 + k + 8);
                Vector256<float> xe1 = Vector256.Load(x1 + k);
                Vector256<float> xo1 = Vector256.Load(x1 + k + 8);
                Vector256<uint> p0 = Vector256.Load((uint*)(w0 + k));
                Vector256<float> we = Lanes.Even(p0);
                Vector256<float> wo = Lanes.Odd(p0);
                e00 = Vector256.FusedMultiplyAdd(we, xe0, e00);
                o00 = Vector256.FusedMultiplyAdd(wo, xo0, o00);
                e10 = Vector256.FusedMultiplyAdd(we, xe1, e10);
                o10 = Vector256.FusedMultiplyAdd(wo, xo1, o10);
                Vector256<uint> p1 = Vector256.Load((uint*)(w1 + k));
                we = Lanes.Even(p1);
                wo = Lanes.Odd(p1);
                e01 = Vector256.FusedMultiplyAdd(we, xe0, e01);
                o01 = Vector256.FusedMultiplyAdd(wo, xo0, o01);
                e11 = Vector256.FusedMultiplyAdd(we, xe1, e11);
                o11 = Vector256.FusedMultiplyAdd(wo, xo1, o11);
            }

            float* y0 = outputs + ((long)m * outputStride) + n;
            float* y1 = y0 + outputStride;
            y0[0] = Lanes.Sum(e00, o00);
            y1[0] = Lanes.Sum(e10, o10);
            if (two)
            {
                y0[1] = Lanes.Sum(e01, o01);
                y1[1] = Lanes.Sum(e11, o11);
            }
        }

        if (m < count)
        {
            float* y = outputs + ((long)m * outputStride) + n;
            y[0] = Lanes.Dot(inputs + ((long)m * Stride), w0, Stride);
            if (two)
            {
                y[1] = Lanes.Dot(inputs + ((long)m * Stride), w1, Stride);
            }
        }
    }
}
