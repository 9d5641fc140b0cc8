namespace Verathos.Attestation.Tdx;

/// <summary>One event of a guest's log.</summary>
/// <param name="Register">The runtime measurement register, 0 to 3.</param>
/// <param name="Type">The event's type.</param>
/// <param name="Digest">What the register was extended with, 48 bytes.</param>
/// <param name="Name">The event's name, where the log has names; it counts for nothing unless the digest covers it.</param>
public readonly record struct LoggedEvent(int Register, uint Type, ReadOnlyMemory<byte> Digest, string Name);
