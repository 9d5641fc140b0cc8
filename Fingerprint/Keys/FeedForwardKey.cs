namespace Verathos.Fingerprint.Keys;

/// <summary>The keys of one expert's matrices. Overwritten on <see cref="Dispose"/>.</summary>
/// <param name="Gate">gate_proj.</param>
/// <param name="Up">up_proj.</param>
/// <param name="Down">down_proj.</param>
public sealed record FeedForwardKey(MatrixKey Gate, MatrixKey Up, MatrixKey Down) : IDisposable
{
    /// <summary>The three.</summary>
    internal MatrixKey[] All => [Gate, Up, Down];

    /// <inheritdoc/>
    public void Dispose()
    {
        Gate.Dispose();
        Up.Dispose();
        Down.Dispose();
    }

    /// <summary>Whether the matrices are of an expert.</summary>
    internal bool Fits(int hidden, int inner) =>
        (Gate.Rows, Gate.Columns) == (inner, hidden) && (Up.Rows, Up.Columns) == (inner, hidden) && (Down.Rows, Down.Columns) == (hidden, inner);
}
