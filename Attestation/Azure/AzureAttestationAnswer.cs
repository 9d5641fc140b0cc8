namespace Verathos.Attestation.Azure;

/// <summary>A token, not verified yet, and what it is to be verified by.</summary>
/// <param name="Token">The token, compact form.</param>
/// <param name="Collateral"><c>{"jwks": {...}}</c>: the pinned key set, or the instance's own.</param>
public sealed record AzureAttestationAnswer(ReadOnlyMemory<byte> Token, ReadOnlyMemory<byte> Collateral);
