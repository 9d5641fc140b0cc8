using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Verathos.Validator.State;

/// <summary>
/// Seals what the state keeps of secrets (the epochs' seeds, the audit secrets in tickets) to the owner, so that a copy of the file
/// shows none: nonce (12), ciphertext, tag (16) of AES-256-GCM under HKDF-SHA256(owner's secret, info "verathos.validator-state.v1").
/// </summary>
public sealed class StateSeal : IDisposable
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    // A cipher has one context, and canaries end on several threads at once.
    private readonly Lock _lock = new();
    private readonly AesGcm _cipher;

    /// <summary>Derives the key.</summary>
    /// <param name="ownerSecret">32 bytes; not kept.</param>
    public StateSeal(ReadOnlySpan<byte> ownerSecret)
    {
        if (ownerSecret.Length != 32)
        {
            throw new ArgumentException("an owner's secret has 32 bytes", nameof(ownerSecret));
        }

        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, ownerSecret, key, [], "verathos.validator-state.v1"u8);
        _cipher = new AesGcm(key, TagSize);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Seals some bytes.</summary>
    /// <param name="label">What they are and whose, for example "ticket" and the canary's id: authenticated with them.</param>
    /// <param name="plain">The bytes.</param>
    public byte[] Seal(ReadOnlySpan<byte> label, ReadOnlySpan<byte> plain)
    {
        byte[] output = new byte[NonceSize + plain.Length + TagSize];
        Span<byte> nonce = output.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        lock (_lock)
        {
            _cipher.Encrypt(nonce, plain, output.AsSpan(NonceSize, plain.Length), output.AsSpan(NonceSize + plain.Length), label);
        }

        return output;
    }

    /// <summary>Opens what was sealed under the same label.</summary>
    /// <param name="label">The label.</param>
    /// <param name="box">What <see cref="Seal"/> gave.</param>
    /// <param name="plain">The bytes, which the caller overwrites.</param>
    /// <returns>False where it was changed, stood under another label, or was sealed to somebody else.</returns>
    public bool TryOpen(ReadOnlySpan<byte> label, ReadOnlySpan<byte> box, [NotNullWhen(true)] out byte[]? plain)
    {
        plain = null;
        if (box.Length < NonceSize + TagSize)
        {
            return false;
        }

        byte[] opened = GC.AllocateArray<byte>(box.Length - NonceSize - TagSize, pinned: true);
        try
        {
            lock (_lock)
            {
                _cipher.Decrypt(box[..NonceSize], box[NonceSize..^TagSize], box[^TagSize..], opened, label);
            }
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        plain = opened;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();
}
