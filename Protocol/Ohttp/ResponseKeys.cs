using System.Security.Cryptography;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Ohttp;

/// <summary>
/// The cipher of a response (RFC 9458 section 4.4; chunked draft section 6.2): exported secret, salt = encapsulated key and response
/// nonce, HKDF to key and base nonce; the nonce of chunk n (from 0) is the base nonce xor n.
/// </summary>
internal sealed class ResponseKeys : IDisposable
{
    private readonly AeadCipher cipher;
    private readonly SecretBytes baseNonce;
    private ulong counter;

    private ResponseKeys(AeadCipher cipher, SecretBytes baseNonce)
    {
        this.cipher = cipher;
        this.baseNonce = baseNonce;
    }

    /// <summary>Bytes of the exported secret and of the response nonce: the larger of Nk and Nn.</summary>
    public static int EntropyLength(HpkeSuite suite) => Math.Max(suite.KeyLength, HpkeSuite.NonceLength);

    public static ResponseKeys Derive(HpkeSuite suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> responseNonce)
    {
        byte[] salt = [.. encapsulated, .. responseNonce];
        using SecretBytes extracted = new(32);
        HKDF.Extract(HashAlgorithmName.SHA256, secret, salt, extracted.Span);
        using SecretBytes key = new(suite.KeyLength);
        HKDF.Expand(HashAlgorithmName.SHA256, extracted.Span, key.Span, "key"u8);
        SecretBytes baseNonce = new(HpkeSuite.NonceLength);
        HKDF.Expand(HashAlgorithmName.SHA256, extracted.Span, baseNonce.Span, "nonce"u8);
        return new ResponseKeys(new AeadCipher(suite.Aead, key.Span), baseNonce);
    }

    public void Seal(ReadOnlySpan<byte> plaintext, bool final, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        HpkeContext.Nonce(baseNonce.Span, counter, nonce);
        counter = checked(counter + 1);
        cipher.Seal(nonce, plaintext, final ? "final"u8 : default, destination);
    }

    public bool TryOpen(ReadOnlySpan<byte> ciphertext, bool final, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        HpkeContext.Nonce(baseNonce.Span, counter, nonce);
        if (!cipher.TryOpen(nonce, ciphertext, final ? "final"u8 : default, destination))
        {
            return false;
        }

        counter = checked(counter + 1);
        return true;
    }

    public void Dispose()
    {
        cipher.Dispose();
        baseNonce.Dispose();
    }
}
