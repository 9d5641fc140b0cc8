namespace Verathos.Validator.Canaries;

/// <summary>The pool that organic traffic and canaries are both drawn from.</summary>
public interface ICanaryCorpus
{
    /// <summary>How many conversations it has; null where it never ends.</summary>
    long? Count { get; }

    /// <summary>When its conversations begin.</summary>
    ArrivalProfile Arrivals { get; }

    /// <summary>A conversation, in an order that only the secret tells. The same number gives the same one.</summary>
    /// <param name="number">From 0 to below <see cref="Count"/>.</param>
    /// <exception cref="CorpusException">There is none left.</exception>
    Conversation Get(long number);
}
