namespace Verathos.Validator.State;

/// <summary>A canary's verified answer.</summary>
public sealed record AnsweredCanary
{
    /// <summary>The manifest root of the model that answered, 32 bytes.</summary>
    public required byte[] ManifestRoot { get; init; }

    /// <summary>The receipt's numeric profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the answer.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>From sending to the first text.</summary>
    public required TimeSpan TimeToFirstToken { get; init; }

    /// <summary>From sending to the verified receipt.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>SHA-256 over the ids of prompt and answer, 32 bytes.</summary>
    public required byte[] IdsDigest { get; init; }

    /// <summary>The keyset that signed, 32 bytes.</summary>
    public required byte[] KeysetDigest { get; init; }

    /// <summary>The receipt's counter.</summary>
    public required ulong Counter { get; init; }

    /// <summary>The receipt's digest, 32 bytes.</summary>
    public required byte[] ReceiptDigest { get; init; }

    /// <summary>The digest of the receipt before it; null for the first.</summary>
    public required byte[]? Previous { get; init; }

    /// <summary>The receipt's COSE_Sign1 bytes.</summary>
    public required byte[] Receipt { get; init; }

    /// <summary>The audit ticket's bytes; sealed by the state.</summary>
    public required byte[] Ticket { get; init; }

    /// <summary>Bytes on the wire, about.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether it is audited, and when.</summary>
    public required AuditDecision Audit { get; init; }
}
