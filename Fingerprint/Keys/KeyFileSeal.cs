using System.Security.Cryptography;
using System.Text;

namespace Verathos.Fingerprint.Keys;

/// <summary>
/// Seals the records of one key file: AES-256-GCM under HKDF-SHA256(owner's secret, salt: SHA-256 of the header,
/// info: "verathos.validator-keys.v1"), the header and the record's name as associated data.
/// </summary>
internal sealed class KeyFileSeal : IDisposable
{
    public const int NonceSize = 12;
    public const int TagSize = 16;
    public const int OwnerSecretSize = 32;

    private readonly AesGcm _aes;
    private readonly byte[] _header;

    public KeyFileSeal(ReadOnlySpan<byte> ownerSecret, KeyFileHeader header)
    {
        if (ownerSecret.Length != OwnerSecretSize)
        {
            throw new ArgumentException("the owner's secret has 32 bytes", nameof(ownerSecret));
        }

        _header = header.Encode();
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, ownerSecret, key, SHA256.HashData(_header), "verathos.validator-keys.v1"u8);
        _aes = new AesGcm(key, TagSize);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Nonce, ciphertext and tag.</summary>
    public byte[] Seal(string name, ReadOnlySpan<byte> record)
    {
        byte[] sealedRecord = new byte[NonceSize + record.Length + TagSize];
        RandomNumberGenerator.Fill(sealedRecord.AsSpan(0, NonceSize));
        _aes.Encrypt(
            sealedRecord.AsSpan(0, NonceSize), record, sealedRecord.AsSpan(NonceSize, record.Length), sealedRecord.AsSpan(NonceSize + record.Length), Associated(name));
        return sealedRecord;
    }

    /// <summary>Opens what <see cref="Seal"/> gave for the same header and name.</summary>
    public bool TryOpen(string name, ReadOnlySpan<byte> sealedRecord, Span<byte> record)
    {
        if (sealedRecord.Length != NonceSize + record.Length + TagSize)
        {
            return false;
        }

        try
        {
            _aes.Decrypt(sealedRecord[..NonceSize], sealedRecord.Slice(NonceSize, record.Length), sealedRecord[^TagSize..], record, Associated(name));
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _aes.Dispose();

    private byte[] Associated(string name) => [.. _header, .. Encoding.UTF8.GetBytes(name)];
}
