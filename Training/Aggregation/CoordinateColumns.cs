namespace Verathos.Training.Aggregation;

/// <summary>Some sparse vectors, coordinate by coordinate: the coordinates that any of them keeps, and who has which value there.</summary>
internal sealed class CoordinateColumns
{
    private readonly int[] _starts;
    private readonly int[] _rows;
    private readonly double[] _values;
    private readonly int[][] _places;
    private readonly IReadOnlyList<SparseVector> _vectors;

    /// <summary>Joins vectors of one space.</summary>
    /// <param name="vectors">The rows, in the order in which they are summed.</param>
    /// <param name="further">A vector whose coordinates are joined too, but which is no row.</param>
    public CoordinateColumns(IReadOnlyList<SparseVector> vectors, SparseVector? further = null)
    {
        _vectors = vectors;
        Dimension = vectors[0].Dimension;
        int total = vectors.Sum(vector => vector.Count);
        long[] keys = new long[total];
        _values = new double[total];
        int at = 0;
        for (int row = 0; row < vectors.Count; row++)
        {
            ReadOnlySpan<int> indices = vectors[row].Indices;
            vectors[row].Values.CopyTo(_values.AsSpan(at));
            for (int i = 0; i < indices.Length; i++)
            {
                keys[at++] = ((long)indices[i] << 24) | (uint)row;
            }
        }

        Array.Sort(keys, _values);
        List<int> coordinates = [];
        List<int> starts = [];
        _rows = new int[total];
        _places = [.. vectors.Select(vector => new int[vector.Count])];
        int[] filled = new int[vectors.Count];
        ReadOnlySpan<int> more = further is null ? [] : further.Indices;
        int next = 0;
        for (int entry = 0; entry <= total; entry++)
        {
            int coordinate = entry < total ? (int)(keys[entry] >> 24) : int.MaxValue;
            for (; next < more.Length && more[next] <= coordinate; next++)
            {
                if (more[next] < coordinate)
                {
                    coordinates.Add(more[next]);
                    starts.Add(entry);
                }
            }

            if (entry == total)
            {
                break;
            }

            if (coordinates.Count == 0 || coordinates[^1] != coordinate)
            {
                coordinates.Add(coordinate);
                starts.Add(entry);
            }

            int row = (int)(keys[entry] & 0xffffff);
            _rows[entry] = row;
            _places[row][filled[row]++] = coordinates.Count - 1;
        }

        starts.Add(total);
        Coordinates = [.. coordinates];
        _starts = [.. starts];
    }

    /// <summary>Coordinates of the space.</summary>
    public int Dimension { get; }

    /// <summary>The coordinates that a row, or the further vector, keeps; ascending.</summary>
    public int[] Coordinates { get; }

    /// <summary>Rows.</summary>
    public int RowCount => _vectors.Count;

    /// <summary>The values of all rows at a coordinate, those that do not keep it at 0.</summary>
    public void Column(int place, Span<double> values)
    {
        values[..RowCount].Clear();
        for (int entry = _starts[place]; entry < _starts[place + 1]; entry++)
        {
            values[_rows[entry]] = _values[entry];
        }
    }

    /// <summary>At every coordinate the sum of weight times value, row after row.</summary>
    public double[] WeightedSum(ReadOnlySpan<double> weights)
    {
        double[] sums = new double[Coordinates.Length];
        for (int place = 0; place < sums.Length; place++)
        {
            for (int entry = _starts[place]; entry < _starts[place + 1]; entry++)
            {
                sums[place] += weights[_rows[entry]] * _values[entry];
            }
        }

        return sums;
    }

    /// <summary>The distance of scale times a row from a point over the joined coordinates.</summary>
    public double Distance(int row, double scale, ReadOnlySpan<double> point)
    {
        ReadOnlySpan<int> places = _places[row];
        ReadOnlySpan<double> values = _vectors[row].Values;
        double sum = 0;
        int next = 0;
        for (int place = 0; place < point.Length; place++)
        {
            double difference = -point[place];
            if (next < places.Length && places[next] == place)
            {
                difference += scale * values[next++];
            }

            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>A vector's values at the joined coordinates, all of which it keeps among them.</summary>
    public double[] Spread(SparseVector? vector)
    {
        double[] spread = new double[Coordinates.Length];
        for (int i = 0; vector is not null && i < vector.Count; i++)
        {
            spread[Array.BinarySearch(Coordinates, vector.Indices[i])] = vector.Values[i];
        }

        return spread;
    }

    /// <summary>The vector with values at the joined coordinates; zeros are not kept.</summary>
    public SparseVector ToVector(ReadOnlySpan<double> values)
    {
        List<int> indices = [];
        List<double> kept = [];
        for (int place = 0; place < values.Length; place++)
        {
            if (values[place] != 0)
            {
                indices.Add(Coordinates[place]);
                kept.Add(values[place]);
            }
        }

        return new SparseVector(Dimension, [.. indices], [.. kept]);
    }
}
