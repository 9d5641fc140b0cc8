namespace Verathos.Attestation.Binding;

/// <summary>Who a node is in a subnet.</summary>
/// <param name="GenesisHash">Genesis block hash of the chain, 32 bytes.</param>
/// <param name="NetworkUid">The subnet's number on that chain.</param>
/// <param name="Hotkey">The node's public hotkey, 32 bytes.</param>
public sealed record NodeIdentity(ReadOnlyMemory<byte> GenesisHash, uint NetworkUid, ReadOnlyMemory<byte> Hotkey);
