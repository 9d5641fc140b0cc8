using System.Security.Cryptography;

namespace Verathos.Fingerprint.Openings;

/// <summary>A client's secret that decides what of an answer it may have opened. Its hash goes with the request; it is shown with the audit.</summary>
public static class AuditSecret
{
    /// <summary>Bytes of a secret and of its hash.</summary>
    public const int Size = 32;

    /// <summary>SHA-256 of the secret.</summary>
    public static byte[] Commit(ReadOnlySpan<byte> secret) =>
        secret.Length == Size ? SHA256.HashData(secret) : throw new ArgumentException("an audit secret has 32 bytes", nameof(secret));

    /// <summary>Whether a secret is the one that was committed to.</summary>
    public static bool IsCommitted(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> commitment)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(secret, hash);
        return secret.Length == Size && CryptographicOperations.FixedTimeEquals(hash, commitment);
    }
}
