using Verathos.Protocol.Keys;

namespace Verathos.Enclave.Training;

/// <summary>The evidence of a training keyset, to be kept beside the records that are signed under it.</summary>
/// <param name="Keyset">The keyset.</param>
/// <param name="Evidence">The encoded collection.</param>
/// <param name="Nonce">The nonce that it answers, 32 bytes.</param>
/// <param name="RequestedAt">When it was asked for.</param>
public sealed record KeysetEvidence(Keyset Keyset, byte[] Evidence, byte[] Nonce, DateTimeOffset RequestedAt);
