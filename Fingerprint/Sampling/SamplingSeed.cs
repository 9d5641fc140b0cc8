using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Verathos.Fingerprint.Sampling;

/// <summary>The seed of a request's draws: a function of what the client sent and of nothing else.</summary>
public static class SamplingSeed
{
    /// <summary>Bytes in a seed.</summary>
    public const int Size = 32;

    /// <summary>SHA-256("verathos.sampling-seed.v1" || the client's seed as 8 bytes, big-endian || the client nonce).</summary>
    public static byte[] Derive(ulong clientSeed, ReadOnlySpan<byte> clientNonce)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(number, clientSeed);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("verathos.sampling-seed.v1"u8);
        hash.AppendData(number);
        hash.AppendData(clientNonce);
        return hash.GetHashAndReset();
    }
}
