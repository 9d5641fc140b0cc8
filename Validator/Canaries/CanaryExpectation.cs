namespace Verathos.Validator.Canaries;

/// <summary>What a canary costs on average, by a sample of a pool: for the cost of an epoch before one is run.</summary>
/// <param name="PromptTokens">About; a token is taken as three bytes.</param>
/// <param name="OutputTokens">At most.</param>
public sealed record CanaryExpectation(int PromptTokens, int OutputTokens)
{
    private const int Sample = 500;
    private const int BytesPerToken = 3;

    /// <summary>Looks at the first conversations of a pool.</summary>
    /// <param name="corpus">The pool.</param>
    /// <param name="limit">What a request without a limit is counted as.</param>
    public static CanaryExpectation Of(ICanaryCorpus corpus, int limit)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        Conversation[] sample = [.. Enumerable.Range(0, (int)Math.Min(Sample, corpus.Count ?? Sample)).Select(number => corpus.Get(number))];
        long turns = Math.Max(1, sample.Sum(static conversation => (long)conversation.Turns.Count));

        // A turn repeats what was said before it: about half of the conversation on average.
        long prompt = sample.Sum(conversation => (long)conversation.PromptBytes / BytesPerToken * (conversation.Turns.Count + 1) / 2) + sample.Sum(conversation => (long)(conversation.MaxTokens ?? limit) * conversation.Turns.Count * (conversation.Turns.Count - 1) / 2);
        long output = sample.Sum(conversation => (long)(conversation.MaxTokens ?? limit) * conversation.Turns.Count);
        return new CanaryExpectation((int)(prompt / turns), (int)(output / turns));
    }
}
