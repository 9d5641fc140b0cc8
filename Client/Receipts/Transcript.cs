namespace Verathos.Client.Receipts;

/// <summary>What the client itself saw of one exchange: everything that a receipt is compared with besides the evidence.</summary>
public sealed record Transcript
{
    /// <summary>SHA-256 over the encapsulated request as sent, 32 bytes.</summary>
    public required byte[] RequestDigest { get; init; }

    /// <summary>The nonce that the client put into the request, 32 bytes.</summary>
    public required byte[] ClientNonce { get; init; }

    /// <summary>SHA-256 of the audit secret, 32 bytes. The secret itself is never part of a transcript.</summary>
    public required byte[] AuditCommitment { get; init; }

    /// <summary>The model that was asked for, where the node's manifest has several; else null.</summary>
    public string? Model { get; init; }

    /// <summary>The sampling parameters as sent.</summary>
    public required Requests.RequestedParameters Parameters { get; init; }

    /// <summary>The key of this receipt's commitments, delivered sealed, 32 bytes.</summary>
    public required byte[] ReceiptSecret { get; init; }

    /// <summary>The prompt's token ids as delivered in the acceptance.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>The answer's token ids in the order in which they arrived.</summary>
    public required IReadOnlyList<int> OutputIds { get; init; }

    /// <summary>The 16 bytes by which the acceptance names the stream.</summary>
    public required byte[] StreamId { get; init; }

    /// <summary>Why the answer ended, as the stream said.</summary>
    public required string FinishReason { get; init; }

    /// <summary>SHA-256 of every response chunk but the final one, in order; each 32 bytes.</summary>
    public required IReadOnlyList<byte[]> ChunkHashes { get; init; }

    /// <summary>What the node's computation was committed to with the last token, 32 bytes; null where nothing was.</summary>
    public byte[]? TraceRoot { get; init; }

    /// <summary>When the request was sealed, by the client's clock.</summary>
    public required DateTimeOffset SentAt { get; init; }

    /// <summary>When the receipt arrived, by the client's clock.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}
