using Verathos.Protocol.Openings;

namespace Verathos.Client.Openings;

/// <summary>What the statement of an answer with openings is compared with; what is null is not at hand.</summary>
/// <param name="ReceiptDigest">32 bytes.</param>
/// <param name="Ask">What was asked for.</param>
internal sealed record ExpectedOpening(byte[] ReceiptDigest, OpeningAsk Ask)
{
    /// <summary>SHA-256 over the encapsulated request, 32 bytes.</summary>
    public byte[]? RequestDigest { get; init; }

    /// <summary>The request's nonce, 32 bytes.</summary>
    public byte[]? Nonce { get; init; }

    /// <summary>Steps that the receipt counts.</summary>
    public long? Steps { get; init; }

    /// <summary>When the request left.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When the statement arrived.</summary>
    public DateTimeOffset? ReceivedAt { get; init; }
}
