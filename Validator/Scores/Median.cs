namespace Verathos.Validator.Scores;

/// <summary>The median of whole numbers.</summary>
public static class Median
{
    /// <summary>The middle value; of an even number of values the mean of the two in the middle, rounded down. Null of none.</summary>
    /// <param name="values">At least 0, in any order.</param>
    public static long? Of(IEnumerable<long> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        long[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length == 0 ? null
            : (sorted.Length & 1) == 1 ? sorted[middle]
            : sorted[middle - 1] + ((sorted[middle] - sorted[middle - 1]) / 2);
    }
}
