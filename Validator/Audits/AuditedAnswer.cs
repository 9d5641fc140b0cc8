using Verathos.Protocol.Receipts;

namespace Verathos.Validator.Audits;

/// <summary>A canary's answer as its audit needs it: what the client saw, and the secrets that only this validator has.</summary>
public sealed record AuditedAnswer
{
    /// <summary>The receipt, verified.</summary>
    public required Receipt Receipt { get; init; }

    /// <summary>Token ids of prompt and answer; the receipt commits to both.</summary>
    public required int[] Ids { get; init; }

    /// <summary>How many of them are the prompt's.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The manifest root of the model that answered, 32 bytes: one of several where the node serves several.</summary>
    public required byte[] ManifestRoot { get; init; }

    /// <summary>32 bytes; never leaves this validator but in a sealed request for openings.</summary>
    public required byte[] AuditSecret { get; init; }

    /// <summary>The receipt's secret, 32 bytes, which keys the trace's leaves.</summary>
    public required byte[] ReceiptSecret { get; init; }

    /// <summary>Steps that are committed: every token's but the last one's.</summary>
    public long Steps => Ids.Length - 1;
}
