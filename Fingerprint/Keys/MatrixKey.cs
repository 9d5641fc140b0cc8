using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// A validator's secret about one matrix W, by which it checks y = W x + b without W. Sixteen vectors r of +-1, each row scaled by a
/// power of two near the inverse of its norm, are kept as v = r^T W (Freivalds): v.x must be r.y but for the rounding of y. And
/// some rows of W, which nobody else knows, are kept whole: their outputs are computed again, bit by bit. Overwritten on <see cref="Dispose"/>.
/// </summary>
public sealed partial class MatrixKey : IDisposable
{
    /// <summary>Vectors of signs.</summary>
    public const int Vectors = 16;

    /// <summary>Bytes of the seed that decides signs and rows.</summary>
    internal const int SeedSize = 32;

    private const int RowPurpose = 1;
    private const int SignPurpose = 2;

    internal MatrixKey(string name, int rows, int columns, int secretRows, bool hasBias, ReadOnlySpan<byte> seed)
    {
        (Name, Rows, Columns, HasBias) = (name, rows, columns, hasBias);
        Seed = Secret<byte>(SeedSize);
        seed.CopyTo(Seed);
        Signs = Secret<ushort>(rows);
        Exponents = Secret<sbyte>(rows);
        Products = Secret<float>(checked(columns * Vectors));
        BiasProducts = Secret<double>(Vectors);
        RowIndices = Secret<int>(secretRows);
        RowWeights = Secret<float>(checked(secretRows * columns));
        RowBiases = Secret<float>(secretRows);
        using (SecretDraw draw = new(seed, RowPurpose))
        {
            draw.Choose(secretRows, rows).CopyTo(RowIndices, 0);
        }

        using SecretDraw signs = new(seed, SignPurpose);
        for (int i = 0; i < rows; i++)
        {
            Signs[i] = signs.NextUInt16();
        }
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs.</summary>
    public int Columns { get; }

    /// <summary>Rows that are compared bit by bit.</summary>
    public int SecretRows => RowIndices.Length;

    /// <summary>Whether something is added to the products before they are rounded.</summary>
    public bool HasBias { get; }

    internal byte[] Seed { get; }

    /// <summary>Bit k of a row's number says whether vector k takes the row negatively.</summary>
    internal ushort[] Signs { get; }

    /// <summary>A row is scaled by two to the power of minus this.</summary>
    internal sbyte[] Exponents { get; }

    /// <summary>[columns, vectors].</summary>
    internal float[] Products { get; }

    internal double[] BiasProducts { get; }

    internal int[] RowIndices { get; }

    /// <summary>[secret rows, columns].</summary>
    internal float[] RowWeights { get; }

    internal float[] RowBiases { get; }

    /// <summary>How many rows are kept of a matrix: 64, and 16 where the model's hidden size is below 256.</summary>
    public static int SecretRowsFor(int hiddenSize) => hiddenSize < 256 ? 16 : 64;

    /// <summary>Judges one product.</summary>
    /// <param name="input">bfloat16 held as binary32, one for each column.</param>
    /// <param name="output">What was committed, one for each row: bfloat16 held as binary32, or binary32.</param>
    /// <param name="rounded">Whether outputs are rounded to bfloat16. Where they are not (logits), the residual still counts in units of bfloat16.</param>
    public MatrixJudgement Judge(ReadOnlySpan<float> input, ReadOnlySpan<float> output, bool rounded = true)
    {
        if (input.Length != Columns || output.Length != Rows)
        {
            throw new ArgumentException($"{Name} takes {Columns} and gives {Rows} numbers, not {input.Length} and {output.Length}");
        }

        int mismatches = 0;
        for (int i = 0; i < RowIndices.Length; i++)
        {
            float product = Lane16Dot.Compute(RowWeights.AsSpan(i * Columns, Columns), input);
            product = HasBias ? product + RowBiases[i] : product;
            product = rounded ? BFloat16.Round(product) : product;
            mismatches += BitConverter.SingleToInt32Bits(product) == BitConverter.SingleToInt32Bits(output[RowIndices[i]]) ? 0 : 1;
        }

        return new MatrixJudgement(Residual(input, output), mismatches, RowIndices.Length);
    }

    /// <summary>Overwrites the secret.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(Seed);
        Signs.AsSpan().Clear();
        Exponents.AsSpan().Clear();
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(Products.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(BiasProducts.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(RowIndices.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(RowWeights.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(RowBiases.AsSpan()));
    }

    internal static double Scale(sbyte exponent) => BitConverter.Int64BitsToDouble((1023L - exponent) << 52);

    private static T[] Secret<T>(int length)
        where T : unmanaged => GC.AllocateArray<T>(length, pinned: true);

    // The sum over the vectors of (v.x - r.y)^2, over the variance that rounding y gives each of them: the scaled units' squares / 12.
    private double Residual(ReadOnlySpan<float> input, ReadOnlySpan<float> output)
    {
        Vector256<double> d0 = Vector256.Create<double>(BiasProducts), d1 = Vector256.Create<double>(BiasProducts.AsSpan(4));
        Vector256<double> d2 = Vector256.Create<double>(BiasProducts.AsSpan(8)), d3 = Vector256.Create<double>(BiasProducts.AsSpan(12));
        ref float products = ref MemoryMarshal.GetArrayDataReference(Products);
        for (int j = 0; j < input.Length; j++)
        {
            Vector256<double> x = Vector256.Create((double)input[j]);
            nuint at = (nuint)j * Vectors;
            (Vector256<double> a, Vector256<double> b) = Vector256.Widen(Vector256.LoadUnsafe(ref products, at));
            d0 = Vector256.FusedMultiplyAdd(a, x, d0);
            d1 = Vector256.FusedMultiplyAdd(b, x, d1);
            (a, b) = Vector256.Widen(Vector256.LoadUnsafe(ref products, at + 8));
            d2 = Vector256.FusedMultiplyAdd(a, x, d2);
            d3 = Vector256.FusedMultiplyAdd(b, x, d3);
        }

        double variance = 0;
        Vector256<long> bits = Vector256.Create(1L, 2, 4, 8);
        Vector256<double> sign = Vector256.Create(-0.0);
        for (int i = 0; i < output.Length; i++)
        {
            double scale = Scale(Exponents[i]);
            double unit = scale * BFloat16.UnitInLastPlace((ushort)(BitConverter.SingleToUInt32Bits(output[i]) >> 16));
            variance += unit * unit;
            Vector256<double> y = Vector256.Create(scale * output[i]);
            Vector256<long> word = Vector256.Create((long)Signs[i]);

            // A clear bit takes the row positively, and the sum is taken off: so the sign is turned where the bit is clear.
            d0 += y ^ (Vector256.Equals(word & bits, Vector256<long>.Zero).AsDouble() & sign);
            d1 += y ^ (Vector256.Equals(word & (bits << 4), Vector256<long>.Zero).AsDouble() & sign);
            d2 += y ^ (Vector256.Equals(word & (bits << 8), Vector256<long>.Zero).AsDouble() & sign);
            d3 += y ^ (Vector256.Equals(word & (bits << 12), Vector256<long>.Zero).AsDouble() & sign);
        }

        double squares = Vector256.Sum((d0 * d0) + (d1 * d1) + (d2 * d2) + (d3 * d3));
        double residual = squares / (variance / 12);
        return double.IsFinite(residual) ? residual : double.PositiveInfinity;
    }
}
