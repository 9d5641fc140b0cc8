namespace Verathos.Client.Streams;

/// <summary>One authenticated piece of an answer, in order. The last one carries the verified whole.</summary>
public sealed record AnswerUpdate
{
    /// <summary>The identifier that the node gave the answer.</summary>
    public string? Id { get; init; }

    /// <summary>The new text; empty when the piece carries none.</summary>
    public string Text { get; init; } = "";

    /// <summary>The token ids of this piece.</summary>
    public IReadOnlyList<int> Ids { get; init; } = [];

    /// <summary>Why the answer ended (<c>stop</c>, <c>length</c>), on the piece that says so.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Whether the piece holds the usage and no choice.</summary>
    public bool UsageOnly { get; init; }

    /// <summary>The OpenAI chunk as the enclave wrote it, UTF-8; empty on the last update.</summary>
    public ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>The whole answer with its verified receipt, on the last update only.</summary>
    public Answer? Completed { get; init; }
}
