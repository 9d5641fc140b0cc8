namespace Verathos.Training.Rounds;

/// <summary>
/// The step from a round's base model to the next: base - rate * aggregate. Everybody takes it in this one way, so that all come to the same
/// bits: the aggregate's value times the rate in binary64, rounded to binary32 once, subtracted in binary32.
/// </summary>
public static class OuterStep
{
    /// <summary>The next model.</summary>
    /// <param name="weights">The base model, flat, in the layout's order.</param>
    /// <param name="aggregate">Of the same length; where it keeps nothing the weights stay as they are, to the bit.</param>
    /// <param name="rate">The outer rate; finite and above 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, the rate is out of range, or a weight would not be finite.</exception>
    public static float[] Apply(ReadOnlySpan<float> weights, SparseVector aggregate, double rate)
    {
        float[] next = weights.ToArray();
        ApplyTo(next, aggregate, rate);
        return next;
    }

    /// <summary>The same in place.</summary>
    /// <param name="weights">The base model, which becomes the next one.</param>
    /// <param name="aggregate">Of the same length.</param>
    /// <param name="rate">The outer rate.</param>
    /// <exception cref="ArgumentException">As for <see cref="Apply"/>; the weights may then have been changed in part.</exception>
    public static void ApplyTo(Span<float> weights, SparseVector aggregate, double rate)
    {
        ArgumentNullException.ThrowIfNull(aggregate);
        if (aggregate.Dimension != weights.Length || !(rate > 0) || !double.IsFinite(rate))
        {
            throw new ArgumentException("the aggregate is of another model, or the rate is not above 0", nameof(aggregate));
        }

        ReadOnlySpan<int> indices = aggregate.Indices;
        ReadOnlySpan<double> values = aggregate.Values;
        for (int i = 0; i < indices.Length; i++)
        {
            float change = (float)(values[i] * rate);
            float next = weights[indices[i]] - change;
            if (!float.IsFinite(next))
            {
                throw new ArgumentException($"weight {indices[i]} would not be finite", nameof(aggregate));
            }

            weights[indices[i]] = next;
        }
    }
}
