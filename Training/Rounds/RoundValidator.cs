using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training.Sealing;

namespace Verathos.Training.Rounds;

/// <summary>Somebody whose word may end a round, and to whom gradients are sealed.</summary>
/// <param name="SigningKey">The key that signs its outcomes and requests.</param>
/// <param name="SealKey">The key to which gradients are sealed.</param>
public sealed record RoundValidator(CoseKey SigningKey, SealRecipient SealKey)
{
    /// <summary>The 32 bytes by which it is named: SHA-256 of its COSE_Key.</summary>
    public ReadOnlyMemory<byte> Name { get; } = TrainingRequest.NameOf(SigningKey);
}
