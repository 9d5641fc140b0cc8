namespace Verathos.Validator.Canaries;

/// <summary>What a conversation may measure, so that a model's context takes it.</summary>
/// <param name="MaxPromptBytes">The most bytes of UTF-8 that all messages of its users and its system message have together.</param>
/// <param name="MaxAnswerTokens">The most tokens that a request of it asks for.</param>
/// <param name="MaxTurns">The most questions that it has.</param>
public sealed record CorpusShape(int MaxPromptBytes, int MaxAnswerTokens, int MaxTurns)
{
    /// <summary>
    /// A shape for a model's context: half of it for prompts, the rest for the answers. A token is taken as two bytes, which holds for
    /// English under vocabularies of a thousand tokens and above.
    /// </summary>
    /// <param name="maxContext">In tokens, at least 128.</param>
    public static CorpusShape For(int maxContext)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxContext, 128);
        int turns = maxContext >= 1024 ? 4 : 2;
        return new CorpusShape(Math.Min(maxContext, 16_384), Math.Min(maxContext / (4 * turns), 512), turns);
    }
}
