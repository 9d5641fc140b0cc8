namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Four packed inputs of a block of products; rows that are not there repeat the last.</summary>
internal readonly unsafe struct InputRows
{
    /// <summary>How many.</summary>
    public const int Count = 4;

    private InputRows(InputRows rows, int column)
    {
        Row0 = rows.Row0 + column;
        Row1 = rows.Row1 + column;
        Row2 = rows.Row2 + column;
        Row3 = rows.Row3 + column;
    }

    /// <summary>The rows from <paramref name="first"/> of <paramref name="count"/>, <paramref name="stride"/> elements apart.</summary>
    public InputRows(float* inputs, int first, int count, int stride)
    {
        long last = count - 1;
        Row0 = inputs + (Math.Min(first, last) * stride);
        Row1 = inputs + (Math.Min(first + 1, last) * stride);
        Row2 = inputs + (Math.Min(first + 2, last) * stride);
        Row3 = inputs + (Math.Min(first + 3, last) * stride);
    }

    public float* Row0 { get; }

    public float* Row1 { get; }

    public float* Row2 { get; }

    public float* Row3 { get; }

    /// <summary>The same rows from another column on.</summary>
    public InputRows At(int column) => new(this, column);
}
