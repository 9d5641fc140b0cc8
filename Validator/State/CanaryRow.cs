namespace Verathos.Validator.State;

/// <summary>One canary.</summary>
public sealed record CanaryRow
{
    /// <summary>16 random bytes.</summary>
    public required byte[] Id { get; init; }

    /// <summary>The epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The node.</summary>
    public required long Node { get; init; }

    /// <summary>Which of the node's canaries of the epoch, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>Its conversation's number among all that were ever planned.</summary>
    public required long Number { get; init; }

    /// <summary>Which of the conversation's turns, from 0.</summary>
    public required int Turn { get; init; }

    /// <summary>The group of nodes that are sent the same canary; null where it is the node's alone.</summary>
    public required int? ReplicaGroup { get; init; }

    /// <summary>When it is due; null for a later turn until the earlier one was answered.</summary>
    public required DateTimeOffset? DueAt { get; init; }

    /// <summary>How often another time was drawn for it, because the validator could not send it at its own.</summary>
    public int Moved { get; init; }

    /// <summary>How far it is.</summary>
    public required WorkState State { get; init; }

    /// <summary>When the request left.</summary>
    public required DateTimeOffset? SentAt { get; init; }

    /// <summary>When the answer was verified, or had failed.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>How it ended.</summary>
    public required WorkResult? Result { get; init; }

    /// <summary>The check that failed, or what went wrong.</summary>
    public required string? Reason { get; init; }

    /// <summary>One sentence; no text of prompt or answer.</summary>
    public required string? Detail { get; init; }

    /// <summary>The manifest root of the model that answered, 32 bytes.</summary>
    public required byte[]? ManifestRoot { get; init; }

    /// <summary>The numeric profile of the model that answered.</summary>
    public required string? Profile { get; init; }

    /// <summary>Tokens of the prompt, by the receipt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the answer, by the receipt.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>From sending to the first text.</summary>
    public required TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>From sending to the verified receipt.</summary>
    public required TimeSpan? Elapsed { get; init; }

    /// <summary>SHA-256 over the token ids of prompt and answer, 32 bytes: what replicas are compared by.</summary>
    public required byte[]? IdsDigest { get; init; }

    /// <summary>The receipt's digest, 32 bytes.</summary>
    public required byte[]? ReceiptDigest { get; init; }

    /// <summary>Bytes of request and answer on the wire, about.</summary>
    public required long Bytes { get; init; }
}
