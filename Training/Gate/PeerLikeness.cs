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
        (int shared, int equal, int j) = (0, 0, 0);
        for (int i = 0; i < left.Count; i++)
        {
            while (j < right.Count && right.Indices[j] < left.Indices[i])
            {
                j++;
            }

            if (j < right.Count && right.Indices[j] == left.Indices[i])
            {
                shared++;
                equal += left.Values[i] == right.Values[j] && left.Values[i] != 0 ? 1 : 0;
            }
        }

        int fewer = Math.Min(left.Count, right.Count);
        return new PeerLikeness(left.Cosine(right), fewer > 0 ? shared / (double)fewer : 0, shared, shared > 0 ? equal / (double)shared : 0);
    }
}
