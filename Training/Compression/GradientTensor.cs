namespace Verathos.Training.Compression;

/// <summary>A tensor that is trained, as a matrix: what has one dimension is one row, what has more keeps the last as columns.</summary>
/// <param name="Name">Unique in its layout.</param>
/// <param name="Rows">At least 1.</param>
/// <param name="Columns">At least 1.</param>
public sealed record GradientTensor(string Name, int Rows, int Columns)
{
    /// <summary>Elements.</summary>
    public int Count => checked(Rows * Columns);
}
