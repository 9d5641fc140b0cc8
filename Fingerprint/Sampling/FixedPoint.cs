using System.Numerics;

namespace Verathos.Fingerprint.Sampling;

/// <summary>
/// Logarithm and exponential in integers, so that every machine gives the same bits: no floating-point library function takes part,
/// in the tables either. Numbers are in units of 2^-40 unless a name says otherwise.
/// </summary>
internal static class FixedPoint
{
    /// <summary>Fractional bits of results.</summary>
    public const int Bits = 40;

    private const int TableBits = 12;
    private const int TableSize = 1 << TableBits;

    // ln 2 in units of 2^-64.
    private const ulong Ln2 = 0xB17217F7D1CF79AB;

    // For slice i: the reciprocal of its centre 1 + (i + 1/2)/4096 in units of 2^-63, and the centre's logarithm.
    private static readonly ulong[] s_reciprocal = new ulong[TableSize];
    private static readonly long[] s_ln = new long[TableSize];

    // 2^(i/4096) in units of 2^-62.
    private static readonly ulong[] s_exp2 = new ulong[TableSize];

    static FixedPoint()
    {
        for (int i = 0; i < TableSize; i++)
        {
            ulong centre = (1UL << 63) + ((2UL * (uint)i + 1) << (63 - TableBits - 1));
            s_reciprocal[i] = (ulong)((UInt128.One << 126) / centre);
            s_ln[i] = MultiplyByLn2(Log2OfMantissa(centre, 60), 60);
        }

        // Each entry is the product of square roots of two chosen by the index's bits; the roots come from integer square roots.
        Span<ulong> roots = stackalloc ulong[TableBits];
        UInt128 root = new UInt128(0, 1UL << 63);
        for (int bit = TableBits - 1; bit >= 0; bit--)
        {
            root = SquareRoot(root << 62);
            roots[bit] = (ulong)root;
        }

        for (int i = 0; i < TableSize; i++)
        {
            UInt128 value = UInt128.One << 62;
            for (int bit = 0; bit < TableBits; bit++)
            {
                if ((i & (1 << bit)) != 0)
                {
                    value = (value * roots[bit]) >> 62;
                }
            }

            s_exp2[i] = (ulong)value;
        }
    }

    /// <summary>The natural logarithm of a positive integer; the error is under 2^-36.</summary>
    public static long Ln(ulong value)
    {
        int zeros = BitOperations.LeadingZeroCount(value);
        ulong mantissa = value << zeros;
        int slice = (int)(mantissa >> (63 - TableBits)) & (TableSize - 1);

        // mantissa / centre = 1 + r with |r| < 2^-13, in units of 2^-63; ln(1 + r) = r - r^2/2 + r^3/3.
        long r = (long)((ulong)(((UInt128)mantissa * s_reciprocal[slice]) >> 63) - (1UL << 63));
        long r40 = r >> (63 - Bits);
        long square = (long)(((Int128)r * r) >> (126 - Bits));
        long cube = (long)(((Int128)square * r) >> 63);
        long whole = MultiplyByLn2((ulong)(63 - zeros), 0);
        return whole + s_ln[slice] + r40 - (square / 2) + (cube / 3);
    }

    /// <summary>e^-x for x at or above 0, both in units of 2^-40; 0 where the result is below 2^-40.</summary>
    public static long ExpOfNegative(long x)
    {
        // x / ln 2 = whole + fraction; e^-x = 2^-(whole + 1) * 2^(1 - fraction).
        UInt128 quotient = ((UInt128)(ulong)x << 64) / Ln2;
        ulong whole = (ulong)(quotient >> Bits);
        if (whole > Bits)
        {
            return 0;
        }

        ulong fraction = (ulong)quotient & ((1UL << Bits) - 1);
        ulong up = (1UL << Bits) - fraction;
        int index = (int)(up >> (Bits - TableBits));
        ulong rest = up & ((1UL << (Bits - TableBits)) - 1);
        UInt128 value = index == TableSize ? (UInt128.One << 63) : s_exp2[index];

        // 2^rest = 1 + y + y^2/2 with y = rest ln 2 below 2^-12.
        ulong y = (ulong)(((UInt128)rest * Ln2) >> 64);
        UInt128 factor = (UInt128.One << Bits) + y + (((UInt128)y * y) >> (Bits + 1));
        value = (value * factor) >> Bits;
        return (long)(value >> (62 - Bits + (int)whole + 1));
    }

    // The bits of log2(mantissa / 2^63) one at a time, by squaring.
    private static ulong Log2OfMantissa(ulong mantissa, int bits)
    {
        ulong result = 0;
        ulong m = mantissa;
        for (int i = 0; i < bits; i++)
        {
            UInt128 square = (UInt128)m * m;
            bool carry = (square >> 127) != 0;
            m = (ulong)(square >> (carry ? 64 : 63));
            result = (result << 1) | (carry ? 1UL : 0UL);
        }

        return result;
    }

    private static long MultiplyByLn2(ulong value, int fractionBits) => (long)(((UInt128)value * Ln2) >> (64 + fractionBits - Bits));

    private static UInt128 SquareRoot(UInt128 value)
    {
        UInt128 low = 0, high = UInt128.One << 64;
        while (high - low > 1)
        {
            UInt128 middle = (low + high) >> 1;
            if (middle * middle <= value)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
