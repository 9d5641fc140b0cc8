using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Keys;

/// <summary>Makes a <see cref="MatrixKey"/> from a matrix whose rows come one after another, so that the weights need not be held.</summary>
public sealed class MatrixKeyBuilder : IDisposable
{
    private readonly MatrixKey _key;
    private readonly double[] _products;
    private int _row;
    private int _secret;
    private bool _built;

    /// <summary>Begins a matrix with a fresh secret.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="secretRows">How many rows are kept (<see cref="MatrixKey.SecretRowsFor"/>); all where there are no more.</param>
    /// <param name="hasBias">Whether rows have a bias.</param>
    public MatrixKeyBuilder(string name, int rows, int columns, int secretRows, bool hasBias = false)
        : this(name, rows, columns, secretRows, hasBias, RandomNumberGenerator.GetBytes(MatrixKey.SeedSize))
    {
    }

    /// <summary>As above with a seed of one's own, which is taken over and overwritten.</summary>
    internal MatrixKeyBuilder(string name, int rows, int columns, int secretRows, bool hasBias, byte[] seed)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(secretRows, 1);
        _key = new MatrixKey(name, rows, columns, Math.Min(rows, secretRows), hasBias, seed);
        CryptographicOperations.ZeroMemory(seed);
        _products = GC.AllocateArray<double>(checked(columns * MatrixKey.Vectors), pinned: true);
    }

    /// <summary>Takes the next row.</summary>
    /// <param name="weights">As they are multiplied, exact in binary32.</param>
    /// <param name="bias">What is added to the product, as it is added.</param>
    /// <exception cref="ArgumentException">The row's length is wrong, or a number is not finite.</exception>
    /// <exception cref="InvalidOperationException">There are no more rows.</exception>
    public void AddRow(ReadOnlySpan<float> weights, float bias = 0)
    {
        if (bias != 0 && !_key.HasBias)
        {
            throw new ArgumentException($"{_key.Name} has no bias", nameof(bias));
        }

        if (_row == _key.Rows || _built)
        {
            throw new InvalidOperationException($"{_key.Name} has {_key.Rows} rows");
        }

        double squares = bias * (double)bias;
        foreach (float weight in weights)
        {
            squares += (double)weight * weight;
        }

        if (weights.Length != _key.Columns || !double.IsFinite(squares))
        {
            throw new ArgumentException($"row {_row} of {_key.Name} is not {_key.Columns} finite numbers", nameof(weights));
        }

        // By its norm a row's outputs, and with them their units in the last place, become about as large as any other's.
        sbyte exponent = squares == 0 ? (sbyte)0 : (sbyte)Math.Clamp(Math.ILogB(Math.Sqrt(squares)), -100, 100);
        _key.Exponents[_row] = exponent;
        Accumulate(weights, MatrixKey.Scale(exponent), _key.Signs[_row]);
        for (int k = 0; k < MatrixKey.Vectors; k++)
        {
            double scaled = bias * MatrixKey.Scale(exponent);
            _key.BiasProducts[k] += (_key.Signs[_row] >> k & 1) == 0 ? scaled : -scaled;
        }

        if (_secret < _key.RowIndices.Length && _key.RowIndices[_secret] == _row)
        {
            weights.CopyTo(_key.RowWeights.AsSpan(_secret * _key.Columns));
            _key.RowBiases[_secret++] = bias;
        }

        _row++;
    }

    /// <summary>The key, which the caller disposes.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing, or it was given before.</exception>
    public MatrixKey Build()
    {
        if (_row != _key.Rows || _built)
        {
            throw new InvalidOperationException($"{_row} of {_key.Rows} rows of {_key.Name}");
        }

        _built = true;
        for (int i = 0; i < _products.Length; i++)
        {
            _key.Products[i] = (float)_products[i];
        }

        return _key;
    }

    /// <summary>Overwrites the sums, and the key where it was not given.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_products.AsSpan()));
        if (!_built)
        {
            _key.Dispose();
        }
    }

    private void Accumulate(ReadOnlySpan<float> weights, double scale, ushort signs)
    {
        Span<double> sixteen = stackalloc double[MatrixKey.Vectors];
        for (int k = 0; k < sixteen.Length; k++)
        {
            sixteen[k] = (signs >> k & 1) == 0 ? scale : -scale;
        }

        Vector256<double> s0 = Vector256.Create<double>(sixteen), s1 = Vector256.Create<double>(sixteen[4..]);
        Vector256<double> s2 = Vector256.Create<double>(sixteen[8..]), s3 = Vector256.Create<double>(sixteen[12..]);
        ref double to = ref MemoryMarshal.GetArrayDataReference(_products);
        for (int j = 0; j < weights.Length; j++)
        {
            Vector256<double> weight = Vector256.Create((double)weights[j]);
            nuint at = (nuint)j * MatrixKey.Vectors;
            Vector256.FusedMultiplyAdd(s0, weight, Vector256.LoadUnsafe(ref to, at)).StoreUnsafe(ref to, at);
            Vector256.FusedMultiplyAdd(s1, weight, Vector256.LoadUnsafe(ref to, at + 4)).StoreUnsafe(ref to, at + 4);
            Vector256.FusedMultiplyAdd(s2, weight, Vector256.LoadUnsafe(ref to, at + 8)).StoreUnsafe(ref to, at + 8);
            Vector256.FusedMultiplyAdd(s3, weight, Vector256.LoadUnsafe(ref to, at + 12)).StoreUnsafe(ref to, at + 12);
        }

        sixteen.Clear();
    }
}
