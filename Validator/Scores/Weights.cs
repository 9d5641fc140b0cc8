namespace Verathos.Validator.Scores;

/// <summary>Scores as weights over nodes, for a subnet.</summary>
public static class Weights
{
    /// <summary>
    /// Shares of a total in proportion to scores, rounded down; what is left goes one by one to the largest remainders, and among equal
    /// ones to the name that comes first bytewise. They sum to the total exactly, or are all 0 where all scores are.
    /// </summary>
    /// <param name="scores">By node, at least 0.</param>
    /// <param name="total">What they sum to, for example 65,535.</param>
    public static IReadOnlyDictionary<string, long> Normalise(IReadOnlyDictionary<string, long> scores, long total)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        Int128 sum = 0;
        foreach ((string node, long score) in scores)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(score, node);
            sum += score;
        }

        if (sum == 0)
        {
            return scores.Keys.ToDictionary(static node => node, static _ => 0L, StringComparer.Ordinal);
        }

        Dictionary<string, long> weights = scores.ToDictionary(static pair => pair.Key, pair => (long)((Int128)pair.Value * total / sum), StringComparer.Ordinal);
        long left = total - weights.Values.Sum();
        foreach (string node in scores
            .OrderByDescending(pair => (Int128)pair.Value * total % sum)
            .ThenBy(static pair => pair.Key, StringComparer.Ordinal)
            .Take((int)left)
            .Select(static pair => pair.Key))
        {
            weights[node]++;
        }

        return weights;
    }
}
