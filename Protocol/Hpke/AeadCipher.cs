using System.Security.Cryptography;

namespace Verathos.Protocol.Hpke;

/// <summary>One cipher under one key, kept for the length of a message so that a chunk costs no key schedule. Output is ciphertext, then tag.</summary>
internal sealed class AeadCipher : IDisposable
{
    private readonly AesGcm? aes;
    private readonly ChaCha20Poly1305? chaCha;

    public AeadCipher(HpkeAead aead, ReadOnlySpan<byte> key)
    {
        if (aead == HpkeAead.ChaCha20Poly1305)
        {
            chaCha = new ChaCha20Poly1305(key);
        }
        else
        {
            aes = new AesGcm(key, HpkeSuite.TagLength);
        }
    }

    /// <summary>Writes plaintext.Length + 16 bytes.</summary>
    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        Span<byte> ciphertext = destination[..plaintext.Length];
        Span<byte> tag = destination.Slice(plaintext.Length, HpkeSuite.TagLength);
        if (aes is not null)
        {
            aes.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);
        }
        else
        {
            chaCha!.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);
        }
    }

    /// <summary>Writes ciphertext.Length - 16 bytes; false, and nothing readable is written, if the tag does not match.</summary>
    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        int length = ciphertext.Length - HpkeSuite.TagLength;
        if (length < 0)
        {
            return false;
        }

        try
        {
            if (aes is not null)
            {
                aes.Decrypt(nonce, ciphertext[..length], ciphertext[length..], destination[..length], associatedData);
            }
            else
            {
                chaCha!.Decrypt(nonce, ciphertext[..length], ciphertext[length..], destination[..length], associatedData);
            }

            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        aes?.Dispose();
        chaCha?.Dispose();
    }
}
