using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Verathos.Fingerprint.Numerics;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// The encoding: version (1), flags (1: bias, 2: rows as binary32), then rows, columns and secret rows (4 bytes each, big-endian), the
/// seed (32), a scale's exponent for each row (1), and little-endian the products (binary32, [columns, 16]), the bias products
/// (16 binary64), the secret rows (bfloat16 or binary32) and their biases (binary32). Signs and places of rows follow from the seed.
/// </summary>
public sealed partial class MatrixKey
{
    private const byte Version = 1;
    private const byte BiasFlag = 1;
    private const byte SingleFlag = 2;
    private const int HeaderSize = 2 + (3 * sizeof(int)) + SeedSize;

    /// <summary>Bytes of the encoding.</summary>
    public long EncodedSize => Size(Rows, Columns, SecretRows, FitsBFloat16() ? sizeof(ushort) : sizeof(float));

    /// <summary>Bytes of the encoding of a matrix of bfloat16.</summary>
    public static long SizeOf(int rows, int columns, int secretRows) => Size(rows, columns, secretRows, sizeof(ushort));

    /// <summary>Writes the encoding, which is as secret as the key.</summary>
    /// <param name="destination"><see cref="EncodedSize"/> bytes.</param>
    public void Encode(Span<byte> destination)
    {
        bool narrow = FitsBFloat16();
        if (!BitConverter.IsLittleEndian || destination.Length != Size(Rows, Columns, SecretRows, narrow ? sizeof(ushort) : sizeof(float)))
        {
            throw new ArgumentException("the room does not fit the key", nameof(destination));
        }

        destination[0] = Version;
        destination[1] = (byte)((HasBias ? BiasFlag : 0) | (narrow ? 0 : SingleFlag));
        BinaryPrimitives.WriteInt32BigEndian(destination[2..], Rows);
        BinaryPrimitives.WriteInt32BigEndian(destination[6..], Columns);
        BinaryPrimitives.WriteInt32BigEndian(destination[10..], SecretRows);
        Seed.CopyTo(destination[14..]);
        Span<byte> rest = destination[HeaderSize..];
        Put(ref rest, MemoryMarshal.AsBytes(Exponents.AsSpan()));
        Put(ref rest, MemoryMarshal.AsBytes(Products.AsSpan()));
        Put(ref rest, MemoryMarshal.AsBytes(BiasProducts.AsSpan()));
        if (narrow)
        {
            Span<ushort> rows = MemoryMarshal.Cast<byte, ushort>(rest[..(RowWeights.Length * sizeof(ushort))]);
            for (int i = 0; i < RowWeights.Length; i++)
            {
                rows[i] = BFloat16.FromSingle(RowWeights[i]);
            }

            rest = rest[(RowWeights.Length * sizeof(ushort))..];
        }
        else
        {
            Put(ref rest, MemoryMarshal.AsBytes(RowWeights.AsSpan()));
        }

        Put(ref rest, MemoryMarshal.AsBytes(RowBiases.AsSpan()));
    }

    /// <summary>Reads an encoding; anything but what <see cref="Encode"/> writes is refused.</summary>
    /// <param name="name">The tensor's name, which whoever holds the encoding vouches for.</param>
    /// <param name="encoded">Exactly one key.</param>
    /// <param name="key">The key, which the caller disposes.</param>
    public static bool TryDecode(string name, ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out MatrixKey? key)
    {
        key = null;
        if (!BitConverter.IsLittleEndian || encoded.Length < HeaderSize || encoded[0] != Version || (encoded[1] & ~(BiasFlag | SingleFlag)) != 0)
        {
            return false;
        }

        int rows = BinaryPrimitives.ReadInt32BigEndian(encoded[2..]);
        int columns = BinaryPrimitives.ReadInt32BigEndian(encoded[6..]);
        int secretRows = BinaryPrimitives.ReadInt32BigEndian(encoded[10..]);
        bool narrow = (encoded[1] & SingleFlag) == 0;
        if (rows < 1 || columns < 1 || secretRows < 1 || secretRows > rows
            || encoded.Length != Size(rows, columns, secretRows, narrow ? sizeof(ushort) : sizeof(float)))
        {
            return false;
        }

        MatrixKey read = new(name, rows, columns, secretRows, (encoded[1] & BiasFlag) != 0, encoded.Slice(14, SeedSize));
        ReadOnlySpan<byte> rest = encoded[HeaderSize..];
        Take(ref rest, MemoryMarshal.AsBytes(read.Exponents.AsSpan()));
        Take(ref rest, MemoryMarshal.AsBytes(read.Products.AsSpan()));
        Take(ref rest, MemoryMarshal.AsBytes(read.BiasProducts.AsSpan()));
        if (narrow)
        {
            BFloat16.ToSingle(MemoryMarshal.Cast<byte, ushort>(rest[..(read.RowWeights.Length * sizeof(ushort))]), read.RowWeights);
            rest = rest[(read.RowWeights.Length * sizeof(ushort))..];
        }
        else
        {
            Take(ref rest, MemoryMarshal.AsBytes(read.RowWeights.AsSpan()));
        }

        Take(ref rest, MemoryMarshal.AsBytes(read.RowBiases.AsSpan()));
        if (narrow != read.FitsBFloat16() || !read.IsFinite())
        {
            read.Dispose();
            return false;
        }

        key = read;
        return true;
    }

    private static long Size(int rows, int columns, int secretRows, int elementSize) =>
        HeaderSize + rows + ((long)columns * Vectors * sizeof(float)) + (Vectors * sizeof(double)) + ((long)secretRows * columns * elementSize) + ((long)secretRows * sizeof(float));

    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> part)
    {
        part.CopyTo(rest);
        rest = rest[part.Length..];
    }

    private static void Take(ref ReadOnlySpan<byte> rest, Span<byte> part)
    {
        rest[..part.Length].CopyTo(part);
        rest = rest[part.Length..];
    }

    private bool FitsBFloat16() => Openings.OpenedRow.FitsBFloat16(RowWeights);

    private bool IsFinite() =>
        Array.TrueForAll(Products, float.IsFinite) && Array.TrueForAll(RowWeights, float.IsFinite)
        && Array.TrueForAll(RowBiases, float.IsFinite) && Array.TrueForAll(BiasProducts, double.IsFinite);
}
