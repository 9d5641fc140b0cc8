using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Protocol.Hpke;

namespace Verathos.Training.Sealing;

/// <summary>A public key to which something is sealed.</summary>
public sealed record SealRecipient
{
    /// <summary>Takes a public key.</summary>
    /// <param name="kem">Its mechanism.</param>
    /// <param name="publicKey">32 bytes for X25519, 1,216 for X-Wing.</param>
    /// <exception cref="ArgumentException">The mechanism is unknown, or the key has another length.</exception>
    public SealRecipient(HpkeKem kem, ReadOnlyMemory<byte> publicKey)
    {
        if (!HpkeSuite.IsSupportedKem((int)kem) || publicKey.Length != HpkeSuite.PublicKeyLengthOf(kem))
        {
            throw new ArgumentException("the mechanism is unknown, or the key is none of it", nameof(publicKey));
        }

        (Kem, PublicKey) = (kem, publicKey.ToArray());
        byte[] named = new byte[2 + publicKey.Length];
        BinaryPrimitives.WriteUInt16BigEndian(named, (ushort)kem);
        publicKey.Span.CopyTo(named.AsSpan(2));
        Id = SHA256.HashData(named);
    }

    /// <summary>The mechanism.</summary>
    public HpkeKem Kem { get; }

    /// <summary>The key.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The 32 bytes by which it is named: SHA-256 of the mechanism's number (2, big-endian) and the key.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary>The public half of a key.</summary>
    public static SealRecipient Of(HpkePrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new SealRecipient(key.Kem, key.PublicKey);
    }
}
