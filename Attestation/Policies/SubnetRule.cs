namespace Verathos.Attestation.Policies;

/// <summary>The subnet that a node must bind itself to.</summary>
/// <param name="GenesisHash">Genesis block hash of the chain, 32 bytes.</param>
/// <param name="NetworkUid">The subnet's number on that chain.</param>
public sealed record SubnetRule(ReadOnlyMemory<byte> GenesisHash, uint NetworkUid);
