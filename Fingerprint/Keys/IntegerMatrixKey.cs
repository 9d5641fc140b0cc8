using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// A validator's secret about a matrix of integers whose products are exact: v = r^T W over the field of 2^61 - 1, with one secret r.
/// A wrong product passes with a chance of 2^-61 at most (Freivalds); an honest one always passes. Overwritten on <see cref="Dispose"/>.
/// </summary>
public sealed class IntegerMatrixKey : IDisposable
{
    private const ulong Prime = (1UL << 61) - 1;
    private readonly ulong[] _vector;
    private readonly ulong[] _products;
    private int _row;

    /// <summary>Begins a matrix with a fresh secret.</summary>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public IntegerMatrixKey(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        _vector = GC.AllocateArray<ulong>(rows, pinned: true);
        _products = GC.AllocateArray<ulong>(columns, pinned: true);
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_vector.AsSpan()));
        for (int i = 0; i < rows; i++)
        {
            // Sixty-one bits; the one number that is no residue is drawn again.
            for (_vector[i] &= Prime; _vector[i] == Prime; _vector[i] &= Prime)
            {
                RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_vector.AsSpan(i, 1)));
            }
        }
    }

    /// <summary>Takes the next row of weights.</summary>
    /// <exception cref="InvalidOperationException">There are no more rows.</exception>
    public void AddRow(ReadOnlySpan<sbyte> weights)
    {
        if (_row == _vector.Length)
        {
            throw new InvalidOperationException($"the matrix has {_vector.Length} rows");
        }

        if (weights.Length != _products.Length)
        {
            throw new ArgumentException($"a row has {_products.Length} weights", nameof(weights));
        }

        for (int j = 0; j < weights.Length; j++)
        {
            _products[j] = Add(_products[j], Multiply(_vector[_row], Residue(weights[j])));
        }

        _row++;
    }

    /// <summary>Whether an output is the matrix times the input, exactly.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing.</exception>
    public bool Accepts(ReadOnlySpan<sbyte> input, ReadOnlySpan<int> output)
    {
        if (_row != _vector.Length)
        {
            throw new InvalidOperationException($"{_row} of {_vector.Length} rows");
        }

        if (input.Length != _products.Length || output.Length != _vector.Length)
        {
            return false;
        }

        (ulong expected, ulong actual) = (0, 0);
        for (int j = 0; j < input.Length; j++)
        {
            expected = Add(expected, Multiply(_products[j], Residue(input[j])));
        }

        for (int i = 0; i < output.Length; i++)
        {
            actual = Add(actual, Multiply(_vector[i], Residue(output[i])));
        }

        return expected == actual;
    }

    /// <summary>Overwrites the secret.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_vector.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_products.AsSpan()));
    }

    private static ulong Residue(long value) => value < 0 ? Prime - (ulong)-value : (ulong)value;

    private static ulong Add(ulong a, ulong b) => a + b >= Prime ? a + b - Prime : a + b;

    private static ulong Multiply(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        ulong folded = (low & Prime) + ((high << 3) | (low >> 61));
        return folded >= Prime ? folded - Prime : folded;
    }
}
