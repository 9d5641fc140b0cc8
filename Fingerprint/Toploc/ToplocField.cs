using System.Runtime.Intrinsics;

namespace Verathos.Fingerprint.Toploc;

/// <summary>Arithmetic modulo the prime 65497, over which TOPLOC's polynomials are taken.</summary>
internal static class ToplocField
{
    /// <summary>The field's prime, which is also the largest modulus of indices.</summary>
    public const int Prime = 65497;

    /// <summary>The one polynomial of degree below the number of points that passes through all of them.</summary>
    /// <param name="x">Distinct, below the prime.</param>
    /// <param name="y">One for each.</param>
    /// <returns>As many coefficients, the constant first.</returns>
    public static ushort[] Interpolate(ReadOnlySpan<int> x, ReadOnlySpan<int> y)
    {
        int count = x.Length;

        // The product of all (X - x[i]), the constant first; its leading coefficient is 1. Behind it and before it are zeros.
        int lanes = Vector256<uint>.Count;
        uint[] room = new uint[lanes + ((count / lanes) + 1) * lanes];
        Span<uint> product = room.AsSpan(lanes);
        product[0] = 1;
        for (int i = 0; i < count; i++)
        {
            Vector256<uint> root = Vector256.Create((uint)x[i]);
            for (int power = (i + 1) / lanes * lanes; power >= 0; power -= lanes)
            {
                Vector256<uint> lower = Vector256.Create<uint>(room.AsSpan(lanes + power - 1, lanes));
                Vector256<uint> same = Vector256.Create<uint>(product.Slice(power, lanes));
                Reduce(lower + Vector256.Create((uint)Prime) - Reduce(same * root)).CopyTo(product[power..]);
            }
        }

        // A lane a point. A lane behind the last point repeats it with the value 0, and so adds nothing.
        Vector256<uint>[] sums = new Vector256<uint>[count];
        Vector256<uint>[] quotient = new Vector256<uint>[count];
        Span<uint> roots = stackalloc uint[Vector256<uint>.Count];
        Span<uint> values = stackalloc uint[Vector256<uint>.Count];
        for (int first = 0; first < count; first += Vector256<uint>.Count)
        {
            for (int lane = 0; lane < Vector256<uint>.Count; lane++)
            {
                int point = Math.Min(first + lane, count - 1);
                (roots[lane], values[lane]) = ((uint)x[point], first + lane < count ? (uint)y[point] : 0);
            }

            // Synthetic division by (X - x[i]); the quotient's value at x[i] is the product of the other differences.
            Vector256<uint> root = Vector256.Create<uint>(roots);
            Vector256<uint> coefficient = Vector256<uint>.One;
            Vector256<uint> value = Vector256<uint>.One;
            quotient[count - 1] = coefficient;
            for (int power = count - 1; power > 0; power--)
            {
                coefficient = Reduce((coefficient * root) + Vector256.Create(product[power]));
                quotient[power - 1] = coefficient;
                value = Reduce((value * root) + coefficient);
            }

            Vector256<uint> weight = Reduce(Vector256.Create<uint>(values) * Inverse(value));
            for (int power = 0; power < count; power++)
            {
                sums[power] += Reduce(weight * quotient[power]);
            }
        }

        // Fewer than 65,536 addends below the prime fit a lane; a chunk has 128 points at most.
        ushort[] sum = new ushort[count];
        for (int power = 0; power < count; power++)
        {
            sum[power] = (ushort)(Vector256.Sum(Reduce(sums[power])) % Prime);
        }

        return sum;
    }

    /// <summary>The value of a polynomial.</summary>
    public static ushort Evaluate(ReadOnlySpan<ushort> coefficients, int x)
    {
        uint value = 0;
        for (int power = coefficients.Length - 1; power >= 0; power--)
        {
            value = ((value * (uint)x) + coefficients[power]) % Prime;
        }

        return (ushort)value;
    }

    // a^(p - 2), by Fermat's little theorem.
    private static Vector256<uint> Inverse(Vector256<uint> a)
    {
        Vector256<uint> result = Vector256<uint>.One;
        for (int power = Prime - 2; power > 0; power >>= 1, a = Reduce(a * a))
        {
            result = (power & 1) == 1 ? Reduce(result * a) : result;
        }

        return result;
    }

    // 2^16 is 39 modulo the prime. Twice folded, any number of 32 bits is below 2^16 + 40 * 39, and so below twice the prime.
    private static Vector256<uint> Reduce(Vector256<uint> a)
    {
        Vector256<uint> low = Vector256.Create(0xffffu);
        Vector256<uint> fold = Vector256.Create(39u);
        a = ((a >>> 16) * fold) + (a & low);
        a = ((a >>> 16) * fold) + (a & low);
        return Vector256.Min(a, a - Vector256.Create((uint)Prime));
    }
}
