using System.Security.Cryptography;
using Verathos.Protocol.Cbor;

namespace Verathos.Training.Compression;

/// <summary>
/// How the tensors of a model lie in one flat vector, and how that is cut into chunks of 4,096. A matrix whose sides are multiples of
/// 64 is cut into tiles of 64 by 64; everything else is joined in order, tensor after tensor, and cut every 4,096 elements, so that
/// small tensors share chunks and only the last chunk of all is short. Chunks are numbered tile by tile, row of tiles by row, then
/// along the joined ones.
/// </summary>
public sealed class GradientLayout
{
    /// <summary>The side of a tile.</summary>
    public const int TileSide = 64;

    /// <summary>Elements of a full chunk.</summary>
    public const int ChunkSize = TileSide * TileSide;

    /// <summary>Of so many elements of a chunk, one is kept.</summary>
    public const int ElementsPerKept = 64;

    private readonly int[] _offsets;
    private readonly List<Segment> _tiled = [];
    private readonly List<Segment> _joined = [];
    private readonly int _tiles;
    private readonly int _joinedLength;
    private readonly byte[] _digest;

    /// <summary>Lays tensors out in the order given.</summary>
    /// <exception cref="ArgumentException">No tensor, two of one name, an empty one, or more than 2^31 - 1 elements.</exception>
    public GradientLayout(IReadOnlyList<GradientTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        if (tensors.Count == 0 || tensors.Select(tensor => tensor.Name).Distinct(StringComparer.Ordinal).Count() != tensors.Count
            || tensors.Any(tensor => tensor.Rows < 1 || tensor.Columns < 1) || tensors.Sum(tensor => (long)tensor.Rows * tensor.Columns) > int.MaxValue)
        {
            throw new ArgumentException("a layout needs tensors of different names, none of them empty, with 2^31 - 1 elements at most", nameof(tensors));
        }

        Tensors = [.. tensors];
        _offsets = new int[tensors.Count + 1];
        for (int i = 0; i < tensors.Count; i++)
        {
            _offsets[i + 1] = _offsets[i] + tensors[i].Count;
            if (IsTiled(tensors[i]))
            {
                _tiled.Add(new Segment(_tiles, i, tensors[i].Count / ChunkSize));
                _tiles += tensors[i].Count / ChunkSize;
            }
            else
            {
                // Tensors that follow one another are one segment.
                Segment? last = _joined.Count > 0 && _joined[^1].Offset + _joined[^1].Length == _offsets[i] ? _joined[^1] : null;
                if (last is not null)
                {
                    _joined.RemoveAt(_joined.Count - 1);
                }

                _joined.Add(new Segment(last?.Start ?? _joinedLength, last?.Offset ?? _offsets[i], (last?.Length ?? 0) + tensors[i].Count));
                _joinedLength += tensors[i].Count;
            }
        }

        ChunkCount = _tiles + (int)(((long)_joinedLength + ChunkSize - 1) / ChunkSize);
        _digest = ComputeDigest(Tensors);
    }

    /// <summary>The tensors in their order.</summary>
    public IReadOnlyList<GradientTensor> Tensors { get; }

    /// <summary>Elements of all.</summary>
    public int Count => _offsets[^1];

    /// <summary>Chunks.</summary>
    public int ChunkCount { get; }

    /// <summary>SHA-256 over the deterministic CBOR array ["verathos.gradient-layout.v1", [name, rows, columns], ...].</summary>
    public ReadOnlySpan<byte> Digest => _digest;

    /// <summary>The place of a tensor's first element in the flat vector.</summary>
    public int Offset(int tensor) => _offsets[tensor];

    /// <summary>The tensor in which a coordinate of the flat vector lies.</summary>
    public int TensorOf(int coordinate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(coordinate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(coordinate, Count);
        int found = Array.BinarySearch(_offsets, coordinate);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>Elements of a chunk.</summary>
    public int ChunkLength(int chunk)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, ChunkCount);
        return chunk < _tiles ? ChunkSize : Math.Min(ChunkSize, _joinedLength - ((chunk - _tiles) * ChunkSize));
    }

    /// <summary>Elements of a chunk that are kept: one in 64, rounded up.</summary>
    public int Kept(int chunk) => (ChunkLength(chunk) + ElementsPerKept - 1) / ElementsPerKept;

    /// <summary>Where a chunk's elements lie in the flat vector.</summary>
    /// <param name="chunk">From 0.</param>
    /// <param name="coordinates">Room for 4,096.</param>
    /// <returns>The chunk's elements.</returns>
    public int Coordinates(int chunk, Span<int> coordinates)
    {
        int length = ChunkLength(chunk);
        for (int i = 0; i < length; i++)
        {
            coordinates[i] = i;
        }

        Locate(chunk, coordinates[..length]);
        return length;
    }

    /// <summary>A chunk's elements out of a flat vector.</summary>
    /// <param name="chunk">From 0.</param>
    /// <param name="flat">The flat vector.</param>
    /// <param name="values">Room for 4,096, used where the elements do not lie after one another.</param>
    internal ReadOnlySpan<float> Chunk(int chunk, ReadOnlySpan<float> flat, Span<float> values)
    {
        int length = ChunkLength(chunk);
        if (chunk < _tiles)
        {
            (int corner, int columns) = Corner(chunk);
            for (int row = 0; row < TileSide; row++)
            {
                flat.Slice(corner + (row * columns), TileSide).CopyTo(values[(row * TileSide)..]);
            }

            return values[..length];
        }

        int from = (chunk - _tiles) * ChunkSize, segment = Find(_joined, from);
        for (int done = 0; done < length; segment++)
        {
            (int start, int offset, int size) = _joined[segment];
            int skipped = from + done - start, taken = Math.Min(size - skipped, length - done);
            ReadOnlySpan<float> part = flat.Slice(offset + skipped, taken);
            if (taken == length)
            {
                return part;
            }

            part.CopyTo(values[done..]);
            done += taken;
        }

        return values[..length];
    }

    /// <summary>Makes places in a chunk, ascending, into coordinates of the flat vector.</summary>
    /// <param name="chunk">From 0.</param>
    /// <param name="places">From 0, below the chunk's length; replaced.</param>
    internal void Locate(int chunk, Span<int> places)
    {
        if (chunk < _tiles)
        {
            (int corner, int columns) = Corner(chunk);
            foreach (ref int place in places)
            {
                place = corner + (place / TileSide * columns) + (place % TileSide);
            }

            return;
        }

        int from = (chunk - _tiles) * ChunkSize, segment = Find(_joined, from);
        foreach (ref int place in places)
        {
            while (from + place >= _joined[segment].Start + _joined[segment].Length)
            {
                segment++;
            }

            place = _joined[segment].Offset + from + place - _joined[segment].Start;
        }
    }

    private static bool IsTiled(GradientTensor tensor) => tensor.Rows % TileSide == 0 && tensor.Columns % TileSide == 0;

    private static byte[] ComputeDigest(IReadOnlyList<GradientTensor> tensors)
    {
        DeterministicCborWriter writer = new DeterministicCborWriter().Array(tensors.Count + 1).Text("verathos.gradient-layout.v1");
        foreach (GradientTensor tensor in tensors)
        {
            writer.Array(3).Text(tensor.Name).UInt64((ulong)tensor.Rows).UInt64((ulong)tensor.Columns);
        }

        return SHA256.HashData(writer.ToArray());
    }

    // A tile's first element in the flat vector, and the columns of its matrix.
    private (int Corner, int Columns) Corner(int chunk)
    {
        Segment tiled = _tiled[Find(_tiled, chunk)];
        int columns = Tensors[tiled.Offset].Columns;
        (int row, int column) = Math.DivRem(chunk - tiled.Start, columns / TileSide);
        return (_offsets[tiled.Offset] + (row * TileSide * columns) + (column * TileSide), columns);
    }

    // The last segment that starts at a place or before it.
    private static int Find(List<Segment> segments, int place)
    {
        (int low, int high) = (0, segments.Count - 1);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = segments[middle].Start <= place ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    // Of the joined: elements before, place in the flat vector, elements. Of the tiled: chunks before, number of the tensor, chunks.
    private sealed record Segment(int Start, int Offset, int Length);
}
