namespace Verathos.Client.Receipts;

/// <summary>Two valid receipts with one (keyset, counter): a proof, checkable by anyone who holds the keyset, that its holder signed two histories.</summary>
/// <param name="KeysetDigest">SHA-256 over the keyset's bytes as received, 32 bytes.</param>
/// <param name="Counter">The counter that both receipts carry.</param>
/// <param name="First">The COSE_Sign1 bytes seen first.</param>
/// <param name="Second">The COSE_Sign1 bytes seen second.</param>
public sealed record Equivocation(byte[] KeysetDigest, ulong Counter, byte[] First, byte[] Second);
