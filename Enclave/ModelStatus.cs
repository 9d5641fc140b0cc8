namespace Verathos.Enclave;

/// <summary>What the enclave says of one of its models.</summary>
public sealed record ModelStatus
{
    /// <summary>The name that requests ask for.</summary>
    public required string Name { get; init; }

    /// <summary>Root of the model's own manifest, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ManifestRoot { get; init; }

    /// <summary>The numeric profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The longest prompt plus answer in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Requests that wait for the model's engine.</summary>
    public int Queued { get; init; }

    /// <summary>Sequences that the model's engine computes.</summary>
    public int Running { get; init; }

    /// <summary>Requests taken.</summary>
    public long Accepted { get; init; }

    /// <summary>Requests answered with a receipt.</summary>
    public long Receipts { get; init; }

    /// <summary>Prompt tokens read.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    public long OutputTokens { get; init; }
}
