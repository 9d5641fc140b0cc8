namespace Verathos.Training;

/// <summary>
/// A vector of which only some coordinates are kept, in ascending order; the others are 0. A dense vector is one that keeps all.
/// Sums run over the kept coordinates in that order, in binary64 and without fused operations, so that every machine gives the same
/// bits.
/// </summary>
public sealed class SparseVector
{
    private readonly int[] _indices;
    private readonly double[] _values;

    // A vector does not change, so its norm is computed once; two threads would write the same number.
    private double _norm = double.NaN;

    /// <summary>Takes coordinates and values over; they must not change afterwards.</summary>
    /// <param name="dimension">Coordinates of the space.</param>
    /// <param name="indices">Ascending, each once, from 0 and below the dimension.</param>
    /// <param name="values">As many.</param>
    /// <exception cref="ArgumentException">The coordinates are not like that.</exception>
    public SparseVector(int dimension, int[] indices, double[] values)
    {
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(dimension);
        if (indices.Length != values.Length)
        {
            throw new ArgumentException("coordinates and values differ in number", nameof(values));
        }

        int previous = -1;
        foreach (int index in indices)
        {
            if (index <= previous || index >= dimension)
            {
                throw new ArgumentException("coordinates are not ascending, or out of range", nameof(indices));
            }

            previous = index;
        }

        Dimension = dimension;
        _indices = indices;
        _values = values;
    }

    /// <summary>Coordinates of the space.</summary>
    public int Dimension { get; }

    /// <summary>Coordinates that are kept.</summary>
    public int Count => _indices.Length;

    /// <summary>The kept coordinates, ascending.</summary>
    public ReadOnlySpan<int> Indices => _indices;

    /// <summary>Their values.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>The vector of zeros.</summary>
    public static SparseVector Zero(int dimension) => new(dimension, [], []);

    /// <summary>A vector that keeps every coordinate.</summary>
    public static SparseVector Dense(ReadOnlySpan<double> values)
    {
        int[] indices = new int[values.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = i;
        }

        return new SparseVector(values.Length, indices, values.ToArray());
    }

    /// <summary>Every coordinate.</summary>
    public double[] ToDense()
    {
        double[] dense = new double[Dimension];
        for (int i = 0; i < _indices.Length; i++)
        {
            dense[_indices[i]] = _values[i];
        }

        return dense;
    }

    /// <summary>Times a number.</summary>
    public SparseVector Scale(double factor)
    {
        double[] scaled = new double[_values.Length];
        for (int i = 0; i < scaled.Length; i++)
        {
            scaled[i] = _values[i] * factor;
        }

        return new SparseVector(Dimension, _indices, scaled);
    }

    /// <summary>The Euclidean norm.</summary>
    public double Norm()
    {
        if (double.IsNaN(_norm))
        {
            _norm = Math.Sqrt(Dot(this));
        }

        return _norm;
    }

    /// <summary>The inner product.</summary>
    public double Dot(SparseVector other)
    {
        RequireSameSpace(other);
        double sum = 0;
        int j = 0;
        if (other._indices.Length == Dimension)
        {
            // It keeps every coordinate, so a coordinate is its place.
            for (int i = 0; i < _indices.Length; i++)
            {
                sum += _values[i] * other._values[_indices[i]];
            }

            return sum;
        }

        for (int i = 0; i < _indices.Length; i++)
        {
            while (j < other._indices.Length && other._indices[j] < _indices[i])
            {
                j++;
            }

            if (j < other._indices.Length && other._indices[j] == _indices[i])
            {
                sum += _values[i] * other._values[j];
            }
        }

        return sum;
    }

    /// <summary>The inner product with a dense vector: one look for each kept coordinate.</summary>
    /// <param name="dense">As many values as the space has coordinates.</param>
    public double Dot(ReadOnlySpan<float> dense)
    {
        if (dense.Length != Dimension)
        {
            throw new ArgumentException("the vectors are of different spaces", nameof(dense));
        }

        double sum = 0;
        for (int i = 0; i < _indices.Length; i++)
        {
            sum += _values[i] * dense[_indices[i]];
        }

        return sum;
    }

    /// <summary>The cosine of the angle; 0 where one of the vectors is 0.</summary>
    public double Cosine(SparseVector other)
    {
        double norms = Norm() * other.Norm();
        return norms > 0 ? Dot(other) / norms : 0;
    }

    /// <summary>The square of the Euclidean distance.</summary>
    public double SquaredDistance(SparseVector other)
    {
        RequireSameSpace(other);
        double sum = 0;
        (int i, int j) = (0, 0);
        while (i < _indices.Length || j < other._indices.Length)
        {
            int left = i < _indices.Length ? _indices[i] : int.MaxValue;
            int right = j < other._indices.Length ? other._indices[j] : int.MaxValue;
            double difference = (left <= right ? _values[i] : 0) - (right <= left ? other._values[j] : 0);
            sum += difference * difference;
            i += left <= right ? 1 : 0;
            j += right <= left ? 1 : 0;
        }

        return sum;
    }

    /// <summary>Coordinates that both keep.</summary>
    public int CountShared(SparseVector other)
    {
        RequireSameSpace(other);
        int shared = 0;
        int j = 0;
        foreach (int index in _indices)
        {
            while (j < other._indices.Length && other._indices[j] < index)
            {
                j++;
            }

            shared += j < other._indices.Length && other._indices[j] == index ? 1 : 0;
        }

        return shared;
    }

    private void RequireSameSpace(SparseVector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Dimension != Dimension)
        {
            throw new ArgumentException("the vectors are of different spaces", nameof(other));
        }
    }
}
