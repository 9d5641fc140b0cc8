using System.Text.Json.Serialization;

namespace Verathos.Validator.Canaries;

/// <summary>Where canaries come from and how long they may be. They are data of the validator's configuration; every member must be given.</summary>
public sealed record CanaryRules
{
    /// <summary>A file of real prompts, relative to the configuration; null for the generator's.</summary>
    public required string? Corpus { get; init; }

    /// <summary>Nodes that are asked the same where a draw allows it; 1 for none.</summary>
    public required int Cohort { get; init; }

    /// <summary>The most bytes that the messages of a conversation have together.</summary>
    public required int MaxPromptBytes { get; init; }

    /// <summary>The most tokens that a request asks for.</summary>
    public required int MaxAnswerTokens { get; init; }

    /// <summary>The most questions of a conversation.</summary>
    public required int MaxTurns { get; init; }

    /// <summary>The rules that <c>validator init</c> writes for a model's context.</summary>
    /// <param name="maxContext">In tokens.</param>
    public static CanaryRules For(int maxContext)
    {
        CorpusShape shape = CorpusShape.For(maxContext);
        return new CanaryRules { Corpus = null, Cohort = 3, MaxPromptBytes = shape.MaxPromptBytes, MaxAnswerTokens = shape.MaxAnswerTokens, MaxTurns = shape.MaxTurns };
    }

    /// <summary>What is wrong with the rules; empty where nothing is.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Errors =>
    [
        .. Cohort is < 1 or > 64 ? ["cohort must be from 1 to 64"] : (string[])[],
        .. MaxPromptBytes is < 32 or > 1 << 20 ? ["maxPromptBytes must be from 32 to 1048576"] : (string[])[],
        .. MaxAnswerTokens is < 1 or > 32_768 ? ["maxAnswerTokens must be from 1 to 32768"] : (string[])[],
        .. MaxTurns is < 1 or > 16 ? ["maxTurns must be from 1 to 16"] : (string[])[],
    ];

    /// <summary>Opens the pool.</summary>
    /// <param name="secret">32 secret bytes that order and generated prompts follow from.</param>
    /// <param name="folder">What a relative path is relative to.</param>
    /// <exception cref="CorpusException">The rules or the file cannot be used.</exception>
    public ICanaryCorpus Open(ReadOnlySpan<byte> secret, string folder)
    {
        if (Errors is [string first, ..])
        {
            throw new CorpusException($"canaries: {first}");
        }

        CorpusShape shape = new(MaxPromptBytes, MaxAnswerTokens, MaxTurns);
        if (Corpus is null)
        {
            return new GeneratedCorpus(secret, shape);
        }

        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path.Combine(folder, Corpus));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"the corpus cannot be read: {e.Message}");
        }

        return FileCorpus.TryRead(bytes, secret, shape, out FileCorpus? corpus, out string? error) ? corpus : throw new CorpusException(error);
    }
}
