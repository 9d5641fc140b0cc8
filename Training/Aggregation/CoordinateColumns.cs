using System.Runtime.InteropServices;

namespace Verathos.Training.Aggregation;

/// <summary>Some sparse vectors, coordinate by coordinate: the coordinates that any of them keeps, and who has which value there.</summary>
internal sealed class CoordinateColumns
{
    // So many coordinates are counted at once.
    private const int Window = 1 << 16;

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
        _values = new double[total];
        _rows = new int[total];
        _places = [.. vectors.Select(vector => new int[vector.Count])];
        List<int> coordinates = new(total);
        List<int> starts = new(total + 1);
        int[] done = new int[vectors.Count];
        int[] places = new int[Math.Min(Window, Dimension)];
        (int entries, int doneOfMore) = (0, 0);
        for (long from = 0; from < Dimension; from += Window)
        {
            // How many rows keep each coordinate of the window, one more where it is there at all.
            Span<int> window = places.AsSpan(0, (int)Math.Min(Window, Dimension - from));
            window.Clear();
            for (int row = 0; row < vectors.Count; row++)
            {
                ReadOnlySpan<int> indices = vectors[row].Indices;
                for (int i = done[row]; i < indices.Length && indices[i] - from < window.Length; i++)
                {
                    ref int count = ref window[(int)(indices[i] - from)];
                    count += count == 0 ? 2 : 1;
                }
            }

            for (; further is not null && doneOfMore < further.Count && further.Indices[doneOfMore] - from < window.Length; doneOfMore++)
            {
                ref int count = ref window[(int)(further.Indices[doneOfMore] - from)];
                count = Math.Max(count, 1);
            }

            int first = coordinates.Count;
            for (int i = 0; i < window.Length; i++)
            {
                if (window[i] > 0)
                {
                    starts.Add(entries);
                    entries += window[i] - 1;
                    window[i] = coordinates.Count;
                    coordinates.Add((int)from + i);
                }
            }

            // Where the next row's value goes at each coordinate.
            int[] next = [.. CollectionsMarshal.AsSpan(starts)[first..]];
            for (int row = 0; row < vectors.Count; row++)
            {
                ReadOnlySpan<int> indices = vectors[row].Indices;
                ReadOnlySpan<double> values = vectors[row].Values;
                for (; done[row] < indices.Length && indices[done[row]] - from < window.Length; done[row]++)
                {
                    int place = _places[row][done[row]] = window[(int)(indices[done[row]] - from)];
                    int entry = next[place - first]++;
                    (_rows[entry], _values[entry]) = (row, values[done[row]]);
                }
            }
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
