namespace Verathos.Enclave;

/// <summary>Counters since the enclave started; none says anything about one request's content.</summary>
public sealed record EnclaveCounters
{
    /// <summary>Requests that decapsulated.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests answered with a receipt.</summary>
    public required long Receipts { get; init; }

    /// <summary>Requests answered with a sealed error.</summary>
    public required long SealedErrors { get; init; }

    /// <summary>Requests that did not decapsulate.</summary>
    public required long Undecryptable { get; init; }

    /// <summary>Requests refused because their encapsulated header was seen before.</summary>
    public required long Replays { get; init; }

    /// <summary>Streams that ended without a receipt: the client left, or the keyset ended.</summary>
    public required long Abandoned { get; init; }

    /// <summary>Streams that run now.</summary>
    public required int Active { get; init; }

    /// <summary>Prompt tokens read.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Quotes asked of the platform.</summary>
    public required long Quotes { get; init; }

    /// <summary>Nonces answered with evidence.</summary>
    public required long Nonces { get; init; }

    /// <summary>Openings given.</summary>
    public required long Openings { get; init; }

    /// <summary>Requests for openings that were refused.</summary>
    public required long OpeningsRefused { get; init; }

    /// <summary>Requests for openings that were taken and broke off.</summary>
    public required long OpeningsFailed { get; init; }

    /// <summary>Answers that can be opened now.</summary>
    public required long Kept { get; init; }

    /// <summary>About the bytes that those take.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Answers that had to make room before their time.</summary>
    public required long Evicted { get; init; }

    /// <summary>Keysets made.</summary>
    public required long Keysets { get; init; }
}
