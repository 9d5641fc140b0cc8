using Verathos.Client.Requests;

namespace Verathos.Validator.Canaries;

/// <summary>A planned canary. It is sent once; a canary that was sent and has no answer is never sent again.</summary>
public sealed record Canary
{
    /// <summary>Which of its node's canaries of the epoch, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The number of its conversation in the corpus.</summary>
    public required long Number { get; init; }

    /// <summary>Which turn of the conversation, from 0. A turn above 0 needs the same node's answers to those before.</summary>
    public required int Turn { get; init; }

    /// <summary>When it leaves, after the start of the epoch; for a turn above 0 when it leaves at the earliest.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>For a turn above 0: how long after the end of the answer before it leaves.</summary>
    public required TimeSpan Think { get; init; }

    /// <summary>The group of nodes that are asked the same; null where only this one is.</summary>
    public required int? Group { get; init; }

    /// <summary>What it is a turn of.</summary>
    public required Conversation Conversation { get; init; }

    /// <summary>The request, as any client of this code sends it. Client nonce, audit secret and keys are drawn by the client, for every request of anybody.</summary>
    /// <param name="model">The name of the served model.</param>
    /// <param name="earlierAnswers">The node's answers to the turns before.</param>
    public InferenceRequest ToRequest(string model, IReadOnlyList<string> earlierAnswers)
    {
        ArgumentNullException.ThrowIfNull(earlierAnswers);
        return earlierAnswers.Count == Turn
            ? Conversation.ToRequest(model, earlierAnswers)
            : throw new ArgumentException($"turn {Turn} follows {Turn} answers", nameof(earlierAnswers));
    }
}
