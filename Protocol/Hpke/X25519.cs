using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>X25519 (RFC 7748) over libsodium, whose scalar multiplication is constant-time and whose keys live in guarded memory.</summary>
internal static class X25519
{
    public const int KeyLength = 32;

    private static KeyCreationParameters NoExport => new() { ExportPolicy = KeyExportPolicies.None };

    private static SharedSecretCreationParameters Exportable => new() { ExportPolicy = KeyExportPolicies.AllowPlaintextExport };

    public static Key Import(ReadOnlySpan<byte> privateKey) =>
        Key.Import(KeyAgreementAlgorithm.X25519, privateKey, KeyBlobFormat.RawPrivateKey, NoExport);

    public static byte[] PublicKey(Key key) => key.PublicKey.Export(KeyBlobFormat.RawPublicKey);

    /// <summary>The shared point; false for a public key of small order, which RFC 9180 section 7.1.4 requires to be refused.</summary>
    public static bool TryAgree(Key key, ReadOnlySpan<byte> publicKey, [NotNullWhen(true)] out SecretBytes? shared)
    {
        shared = null;
        if (!NSec.Cryptography.PublicKey.TryImport(KeyAgreementAlgorithm.X25519, publicKey, KeyBlobFormat.RawPublicKey, out PublicKey? peer) || peer is null)
        {
            return false;
        }

        using SharedSecret? agreed = KeyAgreementAlgorithm.X25519.Agree(key, peer, Exportable);
        if (agreed is null)
        {
            return false;
        }

        SecretBytes bytes = new(KeyLength);
        if (!agreed.TryExport(SharedSecretBlobFormat.RawSharedSecret, bytes.Span, out int written) || written != KeyLength)
        {
            bytes.Dispose();
            return false;
        }

        shared = bytes;
        return true;
    }
}
