namespace Verathos.Training.Gate;

/// <summary>
/// How alike two contributions are. Whoever moves 60 % of a copy's indices keeps a cosine of
/// about 0.4 to it, as the values that were not moved make up that part of both. Equal values on common indices give a copy away even where honest
/// contributions are that close.
/// </summary>
/// <param name="Cosine">Of the whole contributions.</param>
/// <param name="SharedIndices">Indices in common, over the number in the one that has fewer.</param>
/// <param name="SharedCount">Indices in common.</param>
/// <param name="EqualValues">Of those, the share on which both have exactly the same value, not 0.</param>
public readonly record struct PeerLikeness(double Cosine, double SharedIndices, int SharedCount, double EqualValues)
{
    /// <summary>Compares.</summary>
    public static PeerLikeness Of(SparseVector left, SparseVector right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (left.Dimension != right.Dimension)
        {
            throw new ArgumentException("the vectors are of different spaces", nameof(right));
        }

        (int shared, int equal, int j, double dot) = (0, 0, 0, 0);
        ReadOnlySpan<int> leftIndices = left.Indices, rightIndices = right.Indices;
        ReadOnlySpan<double> leftValues = left.Values, rightValues = right.Values;
        for (int i = 0; i < leftIndices.Length; i++)
        {
            while (j < rightIndices.Length && rightIndices[j] < leftIndices[i])
            {
                j++;
            }

            if (j < rightIndices.Length && rightIndices[j] == leftIndices[i])
            {
                shared++;
                dot += leftValues[i] * rightValues[j];
                equal += leftValues[i] == rightValues[j] && leftValues[i] != 0 ? 1 : 0;
            }
        }

        int fewer = Math.Min(left.Count, right.Count);
        double norms = left.Norm() * right.Norm();
        return new PeerLikeness(norms > 0 ? dot / norms : 0, fewer > 0 ? shared / (double)fewer : 0, shared, shared > 0 ? equal / (double)shared : 0);
    }
}
