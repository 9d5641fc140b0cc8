namespace Verathos.Client.Trust;

/// <summary>A node's evidence as it came, for a nonce that was made here.</summary>
/// <param name="Raw">The collection's bytes.</param>
/// <param name="Nonce">The nonce, 32 bytes.</param>
/// <param name="RequestedAt">When the nonce was made.</param>
public sealed record FetchedEvidence(byte[] Raw, byte[] Nonce, DateTimeOffset RequestedAt);
