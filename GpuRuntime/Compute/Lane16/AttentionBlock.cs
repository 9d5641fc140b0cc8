using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>
/// Attention of a few queries over the keys and values of one head, in binary32 over bfloat16: each key becomes binary32 once for
/// all of them, each value once for four. A query's bits do not depend on the others: a score is a sum as in
/// <see cref="Lanes.Dot"/>, and a mixed column adds its positions one by one, ascending.
/// </summary>
internal static unsafe class AttentionBlock
{
    /// <summary>The most queries of a block.</summary>
    public const int MostQueries = 16;

    private const int PagePositions = Lane16Sequence.PagePositions;
    private const int Inputs = InputRows.Count;

    // Whole panels of either height for the keys of a page.
    private const int PanelRows = 36;

    /// <summary>Floats of a worker's room besides the scores.</summary>
    /// <param name="stride">The padded width of a head.</param>
    public static long RoomSize(int stride) => ((PanelRows + (2L * MostQueries)) * stride) + (PanelRows * Inputs) + (PanelRows * Inputs * Lanes.Step);

    /// <summary>Floats of one query's scores.</summary>
    /// <param name="positions">The most positions.</param>
    public static int ScoreSize(int positions) => Lanes.Pad(positions) + Lanes.Step;

    /// <summary>Computes a block.</summary>
    /// <param name="block">Which queries see what.</param>
    /// <param name="rows">Keys and values.</param>
    /// <param name="scale">Multiplies the products.</param>
    /// <param name="scores">Room for <see cref="ScoreSize"/> floats for each query.</param>
    /// <param name="scoreSize">Floats from one query's scores to the next.</param>
    /// <param name="room">Room for <see cref="RoomSize"/> floats.</param>
    /// <returns>[queries, width], packed, not rounded; in <paramref name="room"/>.</returns>
    public static float* Attend<T>(AttentionQueries block, PagedRows rows, float scale, float* scores, int scoreSize, float* room)
        where T : ITile
    {
        int stride = rows.Stride;
        float* queries = room;
        float* results = queries + (MostQueries * stride);
        float* panel = results + (MostQueries * stride);
        float* products = panel + (PanelRows * stride);
        float* sums = products + (PanelRows * Inputs);
        block.CopyTo(queries, stride);
        Score<T>(block, queries, rows, scores, scoreSize, panel, products, sums);
        new Span<float>(results, block.Count * stride).Clear();
        float* shares = products;
        for (int q = 0; q < block.Count; q++)
        {
            shares[q] = Weigh(scores + ((long)q * scoreSize) + (block.First(q) - block.Lowest), block.End(q) - block.First(q), scale);
        }

        for (int q = 0; q < block.Count; q += Inputs)
        {
            Mix(block, q, rows, scores - block.Lowest, scoreSize, results);
        }

        for (int q = 0; q < block.Count; q++, results += stride)
        {
            Vector256<float> share = Vector256.Create(shares[q]);
            for (int i = 0; i < stride; i += 8)
            {
                (Vector256.Load(results + i) * share).Store(results + i);
            }
        }

        return room + (MostQueries * stride);
    }

    /// <summary>The products of all queries with all keys that any of them sees.</summary>
    private static void Score<T>(AttentionQueries block, float* queries, PagedRows rows, float* scores, int scoreSize, float* panel, float* products, float* sums)
        where T : ITile
    {
        int stride = rows.Stride;
        for (int p = block.Lowest; p < block.Highest;)
        {
            int count = Math.Min(block.Highest, (p / PagePositions * PagePositions) + PagePositions) - p;
            int panels = (count + T.Rows - 1) / T.Rows;
            ushort* keys = rows.Key(p);
            for (int i = 0, row = 0; i < panels; i++, row += T.Rows)
            {
                T.Unpack(keys + ((long)row * stride), Math.Min(T.Rows, count - row), stride, panel + ((long)row * stride));
            }

            for (int q = 0; q < block.Count; q += Inputs)
            {
                InputRows inputs = new(queries, q, block.Count, stride);
                for (int row = 0; row < panels * T.Rows; row += T.Rows)
                {
                    T.Accumulate(panel + ((long)row * stride), stride, inputs, 0, stride, sums, products + (row * Inputs));
                }

                PackedMatrix.Spread(products, count, Math.Min(Inputs, block.Count - q), scores + ((long)q * scoreSize) + (p - block.Lowest), scoreSize);
            }

            p += count;
        }
    }

    /// <summary>Makes one query's products its weights: the exponentials of the scaled products less the highest.</summary>
    /// <returns>One over the weights' sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Weigh(float* scores, int positions, float scale)
    {
        int padded = (positions + 7) & ~7;
        for (int p = positions; p < padded; p++)
        {
            scores[p] = float.NegativeInfinity;
        }

        Vector256<float> highest = Vector256.Create(float.NegativeInfinity);
        for (int p = 0; p < padded; p += 8)
        {
            Vector256<float> scaled = Vector256.Load(scores + p) * scale;
            scaled.Store(scores + p);
            highest = Vector256.Max(highest, scaled);
        }

        float top = float.NegativeInfinity;
        for (int i = 0; i < 8; i++)
        {
            top = MathF.Max(top, highest.GetElement(i));
        }

        Vector256<float> total = Vector256<float>.Zero;
        for (int p = 0; p < padded; p += 8)
        {
            Vector256<float> weight = Lanes.Exp(Vector256.Load(scores + p) - Vector256.Create(top));
            weight.Store(scores + p);
            total += weight;
        }

        return 1 / Lanes.Sum(total, Vector256<float>.Zero);
    }

    /// <summary>Adds the weighed values of four queries: those that all four see together, the others one query at a time.</summary>
    private static void Mix(AttentionQueries block, int from, PagedRows rows, float* scores, int scoreSize, float* results)
    {
        int stride = rows.Stride;
        int last = Math.Min(from + Inputs, block.Count) - 1;
        (int first, int end) = (block.First(last), block.End(from));
        if (first >= end)
        {
            (first, end) = (block.Highest, block.Highest);
        }

        InputRows weights = new(scores, from, last + 1, scoreSize);
        InputRows sums = new(results, from, last + 1, stride);
        for (int q = from; q <= last; q++)
        {
            Add(rows, block.First(q), Math.Min(first, block.End(q)), new InputRows(scores, q, q + 1, scoreSize), new InputRows(results, q, q + 1, stride));
        }

        Add(rows, first, end, weights, sums);
        for (int q = from; q <= last; q++)
        {
            Add(rows, end, block.End(q), new InputRows(scores, q, q + 1, scoreSize), new InputRows(results, q, q + 1, stride));
        }
    }

    private static void Add(PagedRows rows, int first, int end, InputRows weights, InputRows sums)
    {
        for (int p = first; p < end;)
        {
            int count = Math.Min(end, (p / PagePositions * PagePositions) + PagePositions) - p;
            ushort* values = rows.Value(p);
            int column = 0;
            for (; Avx512F.IsSupported && column + 64 <= rows.Stride; column += 64)
            {
                Add64(values + column, rows.Stride, count, weights.At(p), sums.At(column));
            }

            for (; column < rows.Stride; column += Lanes.Step)
            {
                Add16(values + column, rows.Stride, count, weights.At(p), sums.At(column));
            }

            p += count;
        }
    }

    /// <summary>Sixteen columns of four queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add16(ushort* values, int stride, int count, InputRows weights, InputRows sums)
    {
        Vector256<float> e0 = Vector256.Load(sums.Row0), o0 = Vector256.Load(sums.Row0 + 8);
        Vector256<float> e1 = Vector256.Load(sums.Row1), o1 = Vector256.Load(sums.Row1 + 8);
        Vector256<float> e2 = Vector256.Load(sums.Row2), o2 = Vector256.Load(sums.Row2 + 8);
        Vector256<float> e3 = Vector256.Load(sums.Row3), o3 = Vector256.Load(sums.Row3 + 8);
        for (int p = 0; p < count; p++, values += stride)
        {
            Vector256<uint> pairs = Vector256.Load((uint*)values);
            Vector256<float> even = Lanes.Even(pairs);
            Vector256<float> odd = Lanes.Odd(pairs);
            Vector256<float> weight = Vector256.Create(weights.Row0[p]);
            e0 = Vector256.FusedMultiplyAdd(even, weight, e0);
            o0 = Vector256.FusedMultiplyAdd(odd, weight, o0);
            weight = Vector256.Create(weights.Row1[p]);
            e1 = Vector256.FusedMultiplyAdd(even, weight, e1);
            o1 = Vector256.FusedMultiplyAdd(odd, weight, o1);
            weight = Vector256.Create(weights.Row2[p]);
            e2 = Vector256.FusedMultiplyAdd(even, weight, e2);
            o2 = Vector256.FusedMultiplyAdd(odd, weight, o2);
            weight = Vector256.Create(weights.Row3[p]);
            e3 = Vector256.FusedMultiplyAdd(even, weight, e3);
            o3 = Vector256.FusedMultiplyAdd(odd, weight, o3);
        }

        // Rows that repeat hold the same sums.
        e0.Store(sums.Row0);
        o0.Store(sums.Row0 + 8);
        e1.Store(sums.Row1);
        o1.Store(sums.Row1 + 8);
        e2.Store(sums.Row2);
        o2.Store(sums.Row2 + 8);
        e3.Store(sums.Row3);
        o3.Store(sums.Row3 + 8);
    }

    /// <summary>
    /// Sixty-four columns of four queries. Of each thirty-two columns one register has the even ones and one the odd ones; each
    /// half of it lies packed as everywhere.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add64(ushort* values, int stride, int count, InputRows weights, InputRows sums)
    {
        Vector512<float> a0 = Load(sums.Row0), b0 = Load(sums.Row0 + 8), c0 = Load(sums.Row0 + 32), d0 = Load(sums.Row0 + 40);
        Vector512<float> a1 = Load(sums.Row1), b1 = Load(sums.Row1 + 8), c1 = Load(sums.Row1 + 32), d1 = Load(sums.Row1 + 40);
        Vector512<float> a2 = Load(sums.Row2), b2 = Load(sums.Row2 + 8), c2 = Load(sums.Row2 + 32), d2 = Load(sums.Row2 + 40);
        Vector512<float> a3 = Load(sums.Row3), b3 = Load(sums.Row3 + 8), c3 = Load(sums.Row3 + 32), d3 = Load(sums.Row3 + 40);
        Vector512<uint> high = Vector512.Create(0xffff0000u);
        for (int p = 0; p < count; p++, values += stride)
        {
            Vector512<uint> pairs = Vector512.Load((uint*)values);
            Vector512<float> a = (pairs << 16).AsSingle();
            Vector512<float> b = (pairs & high).AsSingle();
            pairs = Vector512.Load((uint*)(values + 32));
            Vector512<float> c = (pairs << 16).AsSingle();
            Vector512<float> d = (pairs & high).AsSingle();
            Vector512<float> weight = Vector512.Create(weights.Row0[p]);
            a0 = Vector512.FusedMultiplyAdd(a, weight, a0);
            b0 = Vector512.FusedMultiplyAdd(b, weight, b0);
            c0 = Vector512.FusedMultiplyAdd(c, weight, c0);
            d0 = Vector512.FusedMultiplyAdd(d, weight, d0);
            weight = Vector512.Create(weights.Row1[p]);
            a1 = Vector512.FusedMultiplyAdd(a, weight, a1);
            b1 = Vector512.FusedMultiplyAdd(b, weight, b1);
            c1 = Vector512.FusedMultiplyAdd(c, weight, c1);
            d1 = Vector512.FusedMultiplyAdd(d, weight, d1);
            weight = Vector512.Create(weights.Row2[p]);
            a2 = Vector512.FusedMultiplyAdd(a, weight, a2);
            b2 = Vector512.FusedMultiplyAdd(b, weight, b2);
            c2 = Vector512.FusedMultiplyAdd(c, weight, c2);
            d2 = Vector512.FusedMultiplyAdd(d, weight, d2);
            weight = Vector512.Create(weights.Row3[p]);
            a3 = Vector512.FusedMultiplyAdd(a, weight, a3);
            b3 = Vector512.FusedMultiplyAdd(b, weight, b3);
            c3 = Vector512.FusedMultiplyAdd(c, weight, c3);
            d3 = Vector512.FusedMultiplyAdd(d, weight, d3);
        }

        Store(a0, b0, c0, d0, sums.Row0);
        Store(a1, b1, c1, d1, sums.Row1);
        Store(a2, b2, c2, d2, sums.Row2);
        Store(a3, b3, c3, d3, sums.Row3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(float* packed) => Vector512.Create(Vector256.Load(packed), Vector256.Load(packed + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* packed)
    {
        a.GetLower().Store(packed);
        b.GetLower().Store(packed + 8);
        a.GetUpper().Store(packed + 16);
        b.GetUpper().Store(packed + 24);
        c.GetLower().Store(packed + 32);
        d.GetLower().Store(packed + 40);
        c.GetUpper().Store(packed + 48);
        d.GetUpper().Store(packed + 56);
    }
}
