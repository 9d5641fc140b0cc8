using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Verathos.GpuRuntime.Training.Stacked;

/// <summary>
/// Products of small matrices in registers of 512 bits. Every element is one chain of fused operations in the order of the summed places, so its
/// bits depend on nothing but its row and its column.
/// </summary>
internal static unsafe class Products
{
    private const int Lanes = 16;

    /// <summary>c[m, n] = start[m, n] + sum over k of a[m, k] b[k, n].</summary>
    /// <param name="a">a[m, k] is at m * <paramref name="down"/> + k * <paramref name="along"/>.</param>
    /// <param name="down">From a row of a to the next.</param>
    /// <param name="along">From a column of a to the next.</param>
    /// <param name="b">Rows of at least <paramref name="columns"/>.</param>
    /// <param name="c">Likewise.</param>
    /// <param name="rows">Rows of a and c.</param>
    /// <param name="columns">Columns of b and c, a multiple of 16.</param>
    /// <param name="count">Columns of a, rows of b.</param>
    /// <param name="start">Lies as c does, and may be c; null for zeros.</param>
    /// <param name="stride">From a row of b or c to the next; 0 for <paramref name="columns"/>.</param>
    public static void Multiply(float* a, int down, int along, float* b, float* c, int rows, int columns, int count, float* start = null, int stride = 0)
    {
        stride = stride == 0 ? columns : stride;
        for (int column = 0; column < columns;)
        {
            int width = columns - column >= 4 * Lanes ? 4 : columns - column >= 2 * Lanes ? 2 : 1;
            Panel(a, down, along, b + column, c + column, rows, width, count, start == null ? null : start + column, stride);
            column += width * Lanes;
        }
    }

    // As many vectors of columns as a tile is wide.
    private static void Panel(float* a, int down, int along, float* b, float* c, int rows, int width, int count, float* start, int stride)
    {
        while (rows > 0)
        {
            // One row alone is done as two that are the same.
            int taken = width > 1 && rows >= 6 ? 6 : Math.Min(rows, 2);
            (int downs, int strides) = taken == 1 ? (0, 0) : (down, stride);
            switch (width, taken)
            {
                case (4, 6):
                    Tile6x4(a, downs, along, b, stride, c, strides, count, start);
                    break;
                case (2, 6):
                    Tile6x2(a, downs, along, b, stride, c, strides, count, start);
                    break;
                case (4, _):
                    Tile2x4(a, downs, along, b, stride, c, strides, count, start);
                    break;
                case (2, _):
                    Tile2x2(a, downs, along, b, stride, c, strides, count, start);
                    break;
                default:
                    Tile2x1(a, downs, along, b, stride, c, strides, count, start);
                    break;
            }

            rows -= taken;
            a += taken * down;
            c += taken * stride;
            start = start == null ? null : start + (taken * stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x4(float* a, nint down, nint along, float* b, nint stride, float* c, nint rowStride, int count, float* start)
    {
        float* x1 = a + down;
        float* x2 = x1 + down;
        float* x3 = x2 + down;
        float* x4 = x3 + down;
        float* x5 = x4 + down;
        float* c1 = c + rowStride;
        float* c2 = c1 + rowStride;
        float* c3 = c2 + rowStride;
        float* c4 = c3 + rowStride;
        float* c5 = c4 + rowStride;
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0, p2 = p0, p3 = p0;
        Vector512<float> q0 = p0, q1 = p0, q2 = p0, q3 = p0;
        Vector512<float> r0 = p0, r1 = p0, r2 = p0, r3 = p0;
        Vector512<float> s0 = p0, s1 = p0, s2 = p0, s3 = p0;
        Vector512<float> t0 = p0, t1 = p0, t2 = p0, t3 = p0;
        Vector512<float> u0 = p0, u1 = p0, u2 = p0, u3 = p0;
        if (start != null)
        {
            (p0, p1, p2, p3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (q0, q1, q2, q3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (r0, r1, r2, r3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (s0, s1, s2, s3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (t0, t1, t2, t3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (u0, u1, u2, u3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
        }

        for (nint at = 0; count > 0; count--, at += along, b += stride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> b2 = Vector512.Load(b + 32);
            Vector512<float> b3 = Vector512.Load(b + 48);
            Vector512<float> x = Vector512.Create(a[at]);
            p0 = Vector512.FusedMultiplyAdd(b0, x, p0);
            p1 = Vector512.FusedMultiplyAdd(b1, x, p1);
            p2 = Vector512.FusedMultiplyAdd(b2, x, p2);
            p3 = Vector512.FusedMultiplyAdd(b3, x, p3);
            x = Vector512.Create(x1[at]);
            q0 = Vector512.FusedMultiplyAdd(b0, x, q0);
            q1 = Vector512.FusedMultiplyAdd(b1, x, q1);
            q2 = Vector512.FusedMultiplyAdd(b2, x, q2);
            q3 = Vector512.FusedMultiplyAdd(b3, x, q3);
            x = Vector512.Create(x2[at]);
            r0 = Vector512.FusedMultiplyAdd(b0, x, r0);
            r1 = Vector512.FusedMultiplyAdd(b1, x, r1);
            r2 = Vector512.FusedMultiplyAdd(b2, x, r2);
            r3 = Vector512.FusedMultiplyAdd(b3, x, r3);
            x = Vector512.Create(x3[at]);
            s0 = Vector512.FusedMultiplyAdd(b0, x, s0);
            s1 = Vector512.FusedMultiplyAdd(b1, x, s1);
            s2 = Vector512.FusedMultiplyAdd(b2, x, s2);
            s3 = Vector512.FusedMultiplyAdd(b3, x, s3);
            x = Vector512.Create(x4[at]);
            t0 = Vector512.FusedMultiplyAdd(b0, x, t0);
            t1 = Vector512.FusedMultiplyAdd(b1, x, t1);
            t2 = Vector512.FusedMultiplyAdd(b2, x, t2);
            t3 = Vector512.FusedMultiplyAdd(b3, x, t3);
            x = Vector512.Create(x5[at]);
            u0 = Vector512.FusedMultiplyAdd(b0, x, u0);
            u1 = Vector512.FusedMultiplyAdd(b1, x, u1);
            u2 = Vector512.FusedMultiplyAdd(b2, x, u2);
            u3 = Vector512.FusedMultiplyAdd(b3, x, u3);
        }

        p0.Store(c);
        p1.Store(c + 16);
        p2.Store(c + 32);
        p3.Store(c + 48);
        q0.Store(c1);
        q1.Store(c1 + 16);
        q2.Store(c1 + 32);
        q3.Store(c1 + 48);
        r0.Store(c2);
        r1.Store(c2 + 16);
        r2.Store(c2 + 32);
        r3.Store(c2 + 48);
        s0.Store(c3);
        s1.Store(c3 + 16);
        s2.Store(c3 + 32);
        s3.Store(c3 + 48);
        t0.Store(c4);
        t1.Store(c4 + 16);
        t2.Store(c4 + 32);
        t3.Store(c4 + 48);
        u0.Store(c5);
        u1.Store(c5 + 16);
        u2.Store(c5 + 32);
        u3.Store(c5 + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2x4(float* a, nint down, nint along, float* b, nint stride, float* c, nint rowStride, int count, float* start)
    {
        float* x1 = a + down;
        float* c1 = c + rowStride;
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0, p2 = p0, p3 = p0;
        Vector512<float> q0 = p0, q1 = p0, q2 = p0, q3 = p0;
        if (start != null)
        {
            (p0, p1, p2, p3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
            start += rowStride;
            (q0, q1, q2, q3) = (Vector512.Load(start), Vector512.Load(start + 16), Vector512.Load(start + 32), Vector512.Load(start + 48));
        }

        for (nint at = 0; count > 0; count--, at += along, b += stride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> b2 = Vector512.Load(b + 32);
            Vector512<float> b3 = Vector512.Load(b + 48);
            Vector512<float> x = Vector512.Create(a[at]);
            p0 = Vector512.FusedMultiplyAdd(b0, x, p0);
            p1 = Vector512.FusedMultiplyAdd(b1, x, p1);
            p2 = Vector512.FusedMultiplyAdd(b2, x, p2);
            p3 = Vector512.FusedMultiplyAdd(b3, x, p3);
            x = Vector512.Create(x1[at]);
            q0 = Vector512.FusedMultiplyAdd(b0, x, q0);
            q1 = Vector512.FusedMultiplyAdd(b1, x, q1);
            q2 = Vector512.FusedMultiplyAdd(b2, x, q2);
            q3 = Vector512.FusedMultiplyAdd(b3, x, q3);
        }

        p0.Store(c);
        p1.Store(c + 16);
        p2.Store(c + 32);
        p3.Store(c + 48);
        q0.Store(c1);
        q1.Store(c1 + 16);
        q2.Store(c1 + 32);
        q3.Store(c1 + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x2(float* a, nint down, nint along, float* b, nint stride, float* c, nint rowStride, int count, float* start)
    {
        float* x1 = a + down;
        float* x2 = x1 + down;
        float* x3 = x2 + down;
        float* x4 = x3 + down;
        float* x5 = x4 + down;
        float* c1 = c + rowStride;
        float* c2 = c1 + rowStride;
        float* c3 = c2 + rowStride;
        float* c4 = c3 + rowStride;
        float* c5 = c4 + rowStride;
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0;
        Vector512<float> q0 = p0, q1 = p0;
        Vector512<float> r0 = p0, r1 = p0;
        Vector512<float> s0 = p0, s1 = p0;
        Vector512<float> t0 = p0, t1 = p0;
        Vector512<float> u0 = p0, u1 = p0;
        if (start != null)
        {
            (p0, p1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (q0, q1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (r0, r1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (s0, s1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (t0, t1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (u0, u1) = (Vector512.Load(start), Vector512.Load(start + 16));
        }

        for (nint at = 0; count > 0; count--, at += along, b += stride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> x = Vector512.Create(a[at]);
            p0 = Vector512.FusedMultiplyAdd(b0, x, p0);
            p1 = Vector512.FusedMultiplyAdd(b1, x, p1);
            x = Vector512.Create(x1[at]);
            q0 = Vector512.FusedMultiplyAdd(b0, x, q0);
            q1 = Vector512.FusedMultiplyAdd(b1, x, q1);
            x = Vector512.Create(x2[at]);
            r0 = Vector512.FusedMultiplyAdd(b0, x, r0);
            r1 = Vector512.FusedMultiplyAdd(b1, x, r1);
            x = Vector512.Create(x3[at]);
            s0 = Vector512.FusedMultiplyAdd(b0, x, s0);
            s1 = Vector512.FusedMultiplyAdd(b1, x, s1);
            x = Vector512.Create(x4[at]);
            t0 = Vector512.FusedMultiplyAdd(b0, x, t0);
            t1 = Vector512.FusedMultiplyAdd(b1, x, t1);
            x = Vector512.Create(x5[at]);
            u0 = Vector512.FusedMultiplyAdd(b0, x, u0);
            u1 = Vector512.FusedMultiplyAdd(b1, x, u1);
        }

        p0.Store(c);
        p1.Store(c + 16);
        q0.Store(c1);
        q1.Store(c1 + 16);
        r0.Store(c2);
        r1.Store(c2 + 16);
        s0.Store(c3);
        s1.Store(c3 + 16);
        t0.Store(c4);
        t1.Store(c4 + 16);
        u0.Store(c5);
        u1.Store(c5 + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2x2(float* a, nint down, nint along, float* b, nint stride, float* c, nint rowStride, int count, float* start)
    {
        float* x1 = a + down;
        float* c1 = c + rowStride;
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0;
        Vector512<float> q0 = p0, q1 = p0;
        if (start != null)
        {
            (p0, p1) = (Vector512.Load(start), Vector512.Load(start + 16));
            start += rowStride;
            (q0, q1) = (Vector512.Load(start), Vector512.Load(start + 16));
        }

        for (nint at = 0; count > 0; count--, at += along, b += stride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> b1 = Vector512.Load(b + 16);
            Vector512<float> x = Vector512.Create(a[at]);
            p0 = Vector512.FusedMultiplyAdd(b0, x, p0);
            p1 = Vector512.FusedMultiplyAdd(b1, x, p1);
            x = Vector512.Create(x1[at]);
            q0 = Vector512.FusedMultiplyAdd(b0, x, q0);
            q1 = Vector512.FusedMultiplyAdd(b1, x, q1);
        }

        p0.Store(c);
        p1.Store(c + 16);
        q0.Store(c1);
        q1.Store(c1 + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2x1(float* a, nint down, nint along, float* b, nint stride, float* c, nint rowStride, int count, float* start)
    {
        float* x1 = a + down;
        float* c1 = c + rowStride;
        Vector512<float> p0 = Vector512<float>.Zero;
        Vector512<float> q0 = p0;
        if (start != null)
        {
            p0 = Vector512.Load(start);
            start += rowStride;
            q0 = Vector512.Load(start);
        }

        for (nint at = 0; count > 0; count--, at += along, b += stride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            Vector512<float> x = Vector512.Create(a[at]);
            p0 = Vector512.FusedMultiplyAdd(b0, x, p0);
            x = Vector512.Create(x1[at]);
            q0 = Vector512.FusedMultiplyAdd(b0, x, q0);
        }

        p0.Store(c);
        q0.Store(c1);
    }
}
