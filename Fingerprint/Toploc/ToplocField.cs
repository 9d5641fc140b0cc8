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

        // The product of all (X - x[i]), the constant first; its leading coefficient is 1.
        uint[] product = new uint[count + 1];
        product[0] = 1;
        for (int i = 0; i < count; i++)
        {
            uint root = (uint)x[i];
            for (int power = i + 1; power > 0; power--)
            {
                product[power] = Subtract(product[power - 1], product[power] * root % Prime);
            }

            product[0] = Subtract(0, product[0] * root % Prime);
        }

        uint[] sum = new uint[count];
        uint[] quotient = new uint[count];
        for (int i = 0; i < count; i++)
        {
            // Synthetic division by (X - x[i]); the quotient's value at x[i] is the product of the other differences.
            uint root = (uint)x[i];
            uint value = 0;
            quotient[count - 1] = 1;
            for (int power = count - 1; power > 0; power--)
            {
                quotient[power - 1] = (product[power] + (quotient[power] * root)) % Prime;
            }

            for (int power = count - 1; power >= 0; power--)
            {
                value = ((value * root) + quotient[power]) % Prime;
            }

            uint weight = (uint)y[i] * Inverse(value) % Prime;
            for (int power = 0; power < count; power++)
            {
                sum[power] = (sum[power] + (weight * quotient[power])) % Prime;
            }
        }

        return Array.ConvertAll(sum, static c => (ushort)c);
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

    private static uint Subtract(uint a, uint b) => a >= b ? a - b : a + Prime - b;

    // a^(p - 2), by Fermat's little theorem.
    private static uint Inverse(uint a)
    {
        uint result = 1;
        for (int power = Prime - 2; power > 0; power >>= 1, a = a * a % Prime)
        {
            result = (power & 1) == 1 ? result * a % Prime : result;
        }

        return result;
    }
}
