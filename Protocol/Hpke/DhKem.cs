using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>DHKEM(X25519, HKDF-SHA256) of RFC 9180 section 4.1.</summary>
internal static class DhKem
{
    // "KEM" and the mechanism's number.
    private static ReadOnlySpan<byte> Suite => [0x4b, 0x45, 0x4d, 0x00, 0x20];

    public static bool TryEncapsulate(Key ephemeral, ReadOnlySpan<byte> publicKey, out byte[] encapsulated, [NotNullWhen(true)] out SecretBytes? shared)
    {
        encapsulated = X25519.PublicKey(ephemeral);
        return TryDerive(ephemeral, publicKey, encapsulated, publicKey, out shared);
    }

    public static bool TryDecapsulate(Key key, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> encapsulated, [NotNullWhen(true)] out SecretBytes? shared) =>
        TryDerive(key, encapsulated, encapsulated, publicKey, out shared);

    private static bool TryDerive(
        Key key, ReadOnlySpan<byte> peer, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> recipient, [NotNullWhen(true)] out SecretBytes? shared)
    {
        shared = null;
        if (peer.Length != X25519.KeyLength || !X25519.TryAgree(key, peer, out SecretBytes? point))
        {
            return false;
        }

        using (point)
        {
            Span<byte> context = stackalloc byte[2 * X25519.KeyLength];
            encapsulated.CopyTo(context);
            recipient.CopyTo(context[X25519.KeyLength..]);
            using SecretBytes extracted = LabeledHkdf.Extract(Suite, [], "eae_prk"u8, point.Span);
            shared = new SecretBytes(LabeledHkdf.HashLength);
            LabeledHkdf.Expand(Suite, extracted.Span, "shared_secret"u8, context, shared.Span);
            return true;
        }
    }
}
