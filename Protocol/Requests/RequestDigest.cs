using System.Security.Cryptography;

namespace Verathos.Protocol.Requests;

/// <summary>
/// SHA-256 over the encapsulated request exactly as sent. It is taken over the ciphertext, so that a receipt, which may be public,
/// confirms no guess of the prompt.
/// </summary>
public static class RequestDigest
{
    /// <summary>Bytes of the digest.</summary>
    public const int Length = 32;

    /// <summary>The digest of a whole encapsulated request.</summary>
    public static byte[] Compute(ReadOnlySpan<byte> encapsulatedRequest) => SHA256.HashData(encapsulatedRequest);
}
