using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Verathos.Training.Compression;

/// <summary>
/// The kept elements of a gradient. Header, 36 bytes: version 1, bits of a value (2 or 8), two zero bytes, digest of the layout. Then
/// the chunks in order: four bytes of levels (2 bits: low and high level of magnitude in bfloat16; 8 bits: the scale in binary32; both
/// little-endian), the places of the kept elements in the chunk, ascending, 12 bits each, and their codes, 2 or 8 bits each, the
/// highest bit first, filled up with zero bits to a whole byte. A full chunk keeps 64 of 4,096: 116 bytes with 2 bits, 164 with 8.
/// </summary>
public sealed class CompressedGradient
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 36;

    private const byte Version = 1;
    private const int IndexBits = 12;

    private CompressedGradient(GradientBits bits, SparseVector vector)
    {
        Bits = bits;
        Vector = vector;
    }

    /// <summary>Bits of a value.</summary>
    public GradientBits Bits { get; }

    /// <summary>The kept elements in the flat vector of the layout; every value is exactly a binary32.</summary>
    public SparseVector Vector { get; }

    /// <summary>Bytes of every gradient of a layout.</summary>
    public static long EncodedLength(GradientLayout layout, GradientBits bits)
    {
        ArgumentNullException.ThrowIfNull(layout);
        long length = HeaderSize;
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            length += ChunkBytes(layout.Kept(chunk), bits);
        }

        return length;
    }

    /// <summary>Keeps the greatest elements of each chunk.</summary>
    /// <param name="layout">How the vector is cut.</param>
    /// <param name="gradient">The flat vector; finite.</param>
    /// <param name="bits">2 or 8.</param>
    /// <returns>The encoding; equal vectors give equal bytes.</returns>
    /// <exception cref="ArgumentException">The vector has another length or holds a number that is not finite.</exception>
    public static byte[] Encode(GradientLayout layout, ReadOnlySpan<float> gradient, GradientBits bits)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if (gradient.Length != layout.Count || bits is not (GradientBits.Two or GradientBits.Eight))
        {
            throw new ArgumentException("the gradient is not of this layout, or the bits are neither 2 nor 8", nameof(gradient));
        }

        byte[] encoded = new byte[EncodedLength(layout, bits)];
        (encoded[0], encoded[1]) = (Version, (byte)bits);
        layout.Digest.CopyTo(encoded.AsSpan(4));
        float[] values = new float[GradientLayout.ChunkSize];
        int[] room = new int[2 * GradientLayout.ChunkSize];
        int at = HeaderSize;
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            int size = ChunkBytes(layout.Kept(chunk), bits);
            if (!TryEncodeChunk(layout.Chunk(chunk, gradient, values), room, layout.Kept(chunk), bits, encoded.AsSpan(at, size)))
            {
                throw new ArgumentException("an element of the gradient is not finite", nameof(gradient));
            }

            at += size;
        }

        return encoded;
    }

    /// <summary>Reads a gradient; what is not exactly an encoding of the layout is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, GradientLayout layout, [NotNullWhen(true)] out CompressedGradient? gradient, out GradientError error)
    {
        ArgumentNullException.ThrowIfNull(layout);
        gradient = null;
        if (encoded.Length < HeaderSize || encoded[0] != Version || encoded[1] is not (2 or 8) || encoded[2] != 0 || encoded[3] != 0)
        {
            error = GradientError.Header;
            return false;
        }

        if (!encoded.Slice(4, 32).SequenceEqual(layout.Digest))
        {
            error = GradientError.Layout;
            return false;
        }

        GradientBits bits = (GradientBits)encoded[1];
        if (encoded.Length != EncodedLength(layout, bits))
        {
            error = GradientError.Length;
            return false;
        }

        int[] indices = new int[KeptOfAll(layout)];
        double[] values = new double[indices.Length];
        (int at, int done, int last) = (HeaderSize, 0, -1);
        bool isSorted = true;
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            int count = layout.Kept(chunk), size = ChunkBytes(count, bits);
            Span<int> places = indices.AsSpan(done, count);
            error = ParseChunk(encoded.Slice(at, size), bits, layout.ChunkLength(chunk), places, values.AsSpan(done, count));
            if (error != GradientError.None)
            {
                return false;
            }

            // Within a chunk coordinates ascend; chunks follow one another unless there are tiles.
            layout.Locate(chunk, places);
            isSorted &= places[0] > last;
            (at, done, last) = (at + size, done + count, places[^1]);
        }

        if (!isSorted)
        {
            Array.Sort(indices, values);
        }

        gradient = new CompressedGradient(bits, new SparseVector(layout.Count, indices, values));
        error = GradientError.None;
        return true;
    }

    private static int KeptOfAll(GradientLayout layout)
    {
        int kept = 0;
        for (int chunk = 0; chunk < layout.ChunkCount; chunk++)
        {
            kept += layout.Kept(chunk);
        }

        return kept;
    }

    private static int ChunkBytes(int kept, GradientBits bits) => ChunkLevels.Size + (((kept * (IndexBits + (int)bits)) + 7) / 8);

    private static bool TryEncodeChunk(ReadOnlySpan<float> values, Span<int> room, int count, GradientBits bits, Span<byte> destination)
    {
        Span<int> places = stackalloc int[count];
        Span<float> kept = stackalloc float[count];
        Span<int> codes = stackalloc int[count];
        if (!TopMagnitudes.TryFind(values, room, places))
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            kept[i] = values[places[i]];
        }

        if (bits == GradientBits.Two)
        {
            (ushort low, ushort high) = ChunkLevels.FitTwo(kept, codes);
            BinaryPrimitives.WriteUInt16LittleEndian(destination, low);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], high);
        }
        else
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination, ChunkLevels.FitEight(kept, codes));
        }

        BitWriter writer = new(destination[ChunkLevels.Size..]);
        foreach (int place in places)
        {
            writer.Write(place, IndexBits);
        }

        foreach (int code in codes)
        {
            writer.Write(code, (int)bits);
        }

        writer.Finish();
        return true;
    }

    private static GradientError ParseChunk(ReadOnlySpan<byte> source, GradientBits bits, int length, Span<int> places, Span<double> values)
    {
        ushort low = BinaryPrimitives.ReadUInt16LittleEndian(source);
        ushort high = BinaryPrimitives.ReadUInt16LittleEndian(source[2..]);
        float scale = BinaryPrimitives.ReadSingleLittleEndian(source);
        GradientError error = bits == GradientBits.Two ? ChunkLevels.CheckLevels(low, high) : ChunkLevels.CheckScale(scale);
        BitReader reader = new(source[ChunkLevels.Size..]);
        int previous = -1;
        for (int i = 0; i < places.Length && error == GradientError.None; i++)
        {
            int place = places[i] = reader.Read(IndexBits);
            error = place >= length ? GradientError.IndexBounds : place <= previous ? GradientError.IndexOrder : GradientError.None;
            previous = place;
        }

        for (int i = 0; i < values.Length && error == GradientError.None; i++)
        {
            int code = reader.Read((int)bits);
            error = bits == GradientBits.Eight && code == 0x80 ? GradientError.Value : GradientError.None;
            values[i] = bits == GradientBits.Two ? ChunkLevels.DecodeTwo(low, high, code) : (sbyte)code * scale;
        }

        return error == GradientError.None && !reader.RestIsZero() ? GradientError.Padding : error;
    }
}
