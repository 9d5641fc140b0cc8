namespace Verathos.Training.Impact;

/// <summary>
/// The losses of the same held-out documents before and after a contribution was applied at the whole step. Taken in pairs, because
/// documents differ far more than contributions do.
/// </summary>
public sealed class PairedLosses
{
    /// <summary>Fewer held-out tokens do not tell contributions apart.</summary>
    public const int LeastTokens = 65_536;

    /// <summary>Takes losses.</summary>
    /// <param name="before">Mean loss of each document in nats per token.</param>
    /// <param name="after">The same documents, in the same order.</param>
    /// <param name="tokens">Tokens of each document, by which it counts.</param>
    /// <exception cref="ArgumentException">The lists differ in length, a loss is not finite or not above 0 before, or the documents have fewer than 65,536 tokens.</exception>
    public PairedLosses(IReadOnlyList<double> before, IReadOnlyList<double> after, IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(tokens);
        long total = tokens.Sum(count => (long)count);
        if (before.Count != after.Count || before.Count != tokens.Count || tokens.Any(count => count < 1) || total < LeastTokens
            || before.Concat(after).Any(loss => !double.IsFinite(loss) || loss < 0))
        {
            throw new ArgumentException($"paired losses need finite losses of the same documents, {LeastTokens} tokens at least", nameof(before));
        }

        (double sumBefore, double sumAfter) = (0, 0);
        for (int i = 0; i < before.Count; i++)
        {
            sumBefore += before[i] * tokens[i];
            sumAfter += after[i] * tokens[i];
        }

        (Before, After) = (sumBefore / total, sumAfter / total);
        double squares = 0;
        for (int i = 0; i < before.Count; i++)
        {
            double difference = tokens[i] * (before[i] - after[i] - Fall);
            squares += difference * difference;
        }

        StandardError = before.Count > 1 ? Math.Sqrt(squares * before.Count / (before.Count - 1)) / total : double.PositiveInfinity;
    }

    /// <summary>Mean loss before, in nats per token.</summary>
    public double Before { get; }

    /// <summary>Mean loss after.</summary>
    public double After { get; }

    /// <summary>By how much the loss fell; below 0 where it rose.</summary>
    public double Fall => Before - After;

    /// <summary>(before - after) / before; 0 where there was no loss.</summary>
    public double RelativeFall => Before > 0 ? Fall / Before : 0;

    /// <summary>The standard error of <see cref="Fall"/> over the documents.</summary>
    public double StandardError { get; }
}
