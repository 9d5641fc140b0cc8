using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>The sealing end of HPKE base mode (RFC 9180 section 5.1.1).</summary>
public sealed class HpkeSender : HpkeContext
{
    private readonly byte[] encapsulated;

    private HpkeSender(HpkeSuite suite, byte[] encapsulated, SecretBytes shared, ReadOnlySpan<byte> info)
        : base(suite, shared, info) => this.encapsulated = encapsulated;

    /// <summary>The encapsulated key that the recipient needs: 32 bytes for X25519, 1120 for X-Wing.</summary>
    public ReadOnlyMemory<byte> Encapsulated => encapsulated;

    /// <summary>Encapsulates to a public key; false if the suite is unknown or the public key is not valid for it.</summary>
    public static bool TrySetup(HpkeSuite suite, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info, [NotNullWhen(true)] out HpkeSender? sender)
    {
        using SecretBytes randomness = SecretBytes.Random(64);
        return TrySetup(suite, publicKey, info, randomness.Span, out sender);
    }

    /// <summary>Seals the next message: writes plaintext.Length + 16 bytes, ciphertext then tag.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> destination) =>
        SealNext(plaintext, associatedData, destination);

    /// <summary>Setup with given randomness, for vectors: 64 bytes, of which X25519 takes the last 32 as its ephemeral key.</summary>
    internal static bool TrySetup(
        HpkeSuite suite, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> randomness, [NotNullWhen(true)] out HpkeSender? sender)
    {
        sender = null;
        if (!suite.IsSupported)
        {
            return false;
        }

        if (!TryEncapsulate(suite.Kem, publicKey, randomness, out byte[] encapsulated, out SecretBytes? shared))
        {
            return false;
        }

        using (shared)
        {
            sender = new HpkeSender(suite, encapsulated, shared, info);
            return true;
        }
    }

    private static bool TryEncapsulate(
        HpkeKem kem, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness, out byte[] encapsulated, [NotNullWhen(true)] out SecretBytes? shared)
    {
        if (kem == HpkeKem.XWing)
        {
            return XWing.TryEncapsulate(publicKey, randomness, out encapsulated, out shared);
        }

        using NSec.Cryptography.Key ephemeral = X25519.Import(randomness[32..64]);
        return DhKem.TryEncapsulate(ephemeral, publicKey, out encapsulated, out shared);
    }
}
