namespace Verathos.Client.Receipts;

/// <summary>What a node had provably delivered when its stream ended without a receipt.</summary>
/// <param name="RequestDigest">SHA-256 over the encapsulated request as sent, 32 bytes.</param>
/// <param name="AcceptanceVerified">Whether a signed acceptance of this request was verified.</param>
/// <param name="Chunks">How many chunks the latest verified checkpoint covers; 0 when there was none.</param>
/// <param name="Tokens">How many output tokens those chunks carried.</param>
/// <param name="ChainHead">The chain head that the checkpoint signs, 32 bytes, or null.</param>
/// <param name="Acceptance">The acceptance's COSE_Sign1 bytes, or null.</param>
/// <param name="Checkpoint">The checkpoint's COSE_Sign1 bytes, or null.</param>
/// <param name="ReceivedChunks">How many authenticated chunks arrived, proved or not.</param>
/// <param name="ReceivedTokens">How many output tokens arrived authenticated, proved or not.</param>
public sealed record DeliveryProof(
    byte[] RequestDigest,
    bool AcceptanceVerified,
    long Chunks,
    int Tokens,
    byte[]? ChainHead,
    byte[]? Acceptance,
    byte[]? Checkpoint,
    long ReceivedChunks,
    int ReceivedTokens)
{
    /// <summary>One sentence that says what is proved and what is not.</summary>
    public override string ToString() => (AcceptanceVerified, Checkpoint) switch
    {
        (false, _) => "the node signed nothing for this request: nothing is proved",
        (true, null) => $"the node signed that it accepted the request; {ReceivedTokens} tokens arrived authenticated, none of them under a signed checkpoint yet",
        _ => $"the node signed the delivery of the first {Tokens} tokens ({Chunks} chunks); {ReceivedTokens} tokens arrived authenticated",
    };
}
