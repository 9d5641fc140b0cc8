using Verathos.Client.Openings;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Trust;
using Verathos.Protocol.Receipts;

namespace Verathos.Client.Streams;

/// <summary>A whole answer whose every chunk was authenticated and whose receipt holds.</summary>
public sealed record Answer
{
    /// <summary>The generated text.</summary>
    public required string Text { get; init; }

    /// <summary>Why it ended: <c>stop</c> or <c>length</c>.</summary>
    public required string? FinishReason { get; init; }

    /// <summary>The value of <c>logprobs</c> in OpenAI's shape, UTF-8 JSON, where the request asked for it. No receipt repeats it; it is authenticated like the text.</summary>
    public byte[]? LogProbabilities { get; init; }

    /// <summary>The identifier that the node gave the answer.</summary>
    public required string? Id { get; init; }

    /// <summary>The model's name: as the receipt has it where the node has several models, else as the node gives it.</summary>
    public required string? Model { get; init; }

    /// <summary>The token ids of the prompt, as the node tokenised it and committed to them.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>The token ids of the answer, committed to in the receipt.</summary>
    public required IReadOnlyList<int> OutputIds { get; init; }

    /// <summary>The receipt.</summary>
    public required Receipt Receipt { get; init; }

    /// <summary>The receipt's COSE_Sign1 bytes.</summary>
    public required byte[] ReceiptBytes { get; init; }

    /// <summary>Every check of the receipt.</summary>
    public required ReceiptVerdict ReceiptVerdict { get; init; }

    /// <summary>What the receipt was checked against; a bundle keeps it.</summary>
    public required Transcript Transcript { get; init; }

    /// <summary>What audits the answer later, where <see cref="ClientOptions.KeepTickets"/> asked for it; its owner disposes it.</summary>
    public AuditTicket? Ticket { get; init; }

    /// <summary>The request that was answered.</summary>
    public required InferenceRequest Request { get; init; }

    /// <summary>The node as it was attested when the request was sealed.</summary>
    public required AttestedNode Node { get; init; }

    /// <summary>True when the hardware behind the answer is simulated.</summary>
    public bool Simulated => Node.Verdict.Simulated || Receipt.Simulated;

    /// <summary>From sending the request to its first text.</summary>
    public required TimeSpan TimeToFirstToken { get; init; }

    /// <summary>From sending the request to the verified receipt.</summary>
    public required TimeSpan Elapsed { get; init; }
}
