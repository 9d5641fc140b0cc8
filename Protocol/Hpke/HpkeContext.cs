using System.Buffers.Binary;
using Verathos.Protocol.Secrets;

namespace Verathos.Protocol.Hpke;

/// <summary>The state that both ends share after setup (RFC 9180 sections 5.1 and 5.2): a cipher, a nonce that counts, an exporter secret.</summary>
public abstract class HpkeContext : IDisposable
{
    private readonly byte[] suiteId;
    private readonly AeadCipher cipher;
    private readonly SecretBytes exporter;
    private readonly SecretBytes baseNonce;
    private ulong sequence;
    private bool disposed;

    private protected HpkeContext(HpkeSuite suite, SecretBytes shared, ReadOnlySpan<byte> info)
    {
        Suite = suite;
        suiteId = [.. "HPKE"u8, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(4), (ushort)suite.Kem);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(6), (ushort)suite.Kdf);
        BinaryPrimitives.WriteUInt16BigEndian(suiteId.AsSpan(8), (ushort)suite.Aead);

        // Section 5.1, KeySchedule in base mode: mode 0, no pre-shared key.
        Span<byte> context = stackalloc byte[1 + (2 * LabeledHkdf.HashLength)];
        context[0] = 0;
        using (SecretBytes pskIdHash = LabeledHkdf.Extract(suiteId, [], "psk_id_hash"u8, []))
        using (SecretBytes infoHash = LabeledHkdf.Extract(suiteId, [], "info_hash"u8, info))
        {
            pskIdHash.Span.CopyTo(context[1..]);
            infoHash.Span.CopyTo(context[(1 + LabeledHkdf.HashLength)..]);
        }

        using SecretBytes secret = LabeledHkdf.Extract(suiteId, shared.Span, "secret"u8, []);
        using SecretBytes key = new(suite.KeyLength);
        LabeledHkdf.Expand(suiteId, secret.Span, "key"u8, context, key.Span);
        baseNonce = new SecretBytes(HpkeSuite.NonceLength);
        LabeledHkdf.Expand(suiteId, secret.Span, "base_nonce"u8, context, baseNonce.Span);
        exporter = new SecretBytes(LabeledHkdf.HashLength);
        LabeledHkdf.Expand(suiteId, secret.Span, "exp"u8, context, exporter.Span);
        cipher = new AeadCipher(suite.Aead, key.Span);
    }

    /// <summary>The algorithms in use.</summary>
    public HpkeSuite Suite { get; }

    /// <summary>Derives a secret for another purpose (RFC 9180 section 5.3): fills all of <paramref name="destination"/>, at most 8160 bytes.</summary>
    public void Export(ReadOnlySpan<byte> exporterContext, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        LabeledHkdf.Expand(suiteId, exporter.Span, "sec"u8, exporterContext, destination);
    }

    /// <summary>Zeroes what the context holds.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Zeroes what the context holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && !disposed)
        {
            disposed = true;
            exporter.Dispose();
            baseNonce.Dispose();
            cipher.Dispose();
        }
    }

    /// <summary>The exporter secret's memory whether or not it was disposed, so that a test can see the zeros.</summary>
    internal ReadOnlySpan<byte> RawExporter => exporter.Raw;

    private protected void SealNext(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        Nonce(baseNonce.Span, sequence, nonce);
        cipher.Seal(nonce, plaintext, associatedData, destination);
        sequence = checked(sequence + 1);
    }

    private protected bool TryOpenNext(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Span<byte> nonce = stackalloc byte[HpkeSuite.NonceLength];
        Nonce(baseNonce.Span, sequence, nonce);
        if (!cipher.TryOpen(nonce, ciphertext, associatedData, destination))
        {
            return false;
        }

        sequence = checked(sequence + 1);
        return true;
    }

    /// <summary>Section 5.2: the base nonce, its last eight bytes xor the big-endian counter.</summary>
    internal static void Nonce(ReadOnlySpan<byte> baseNonce, ulong sequence, Span<byte> nonce)
    {
        baseNonce.CopyTo(nonce);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(nonce[4..]);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], low ^ sequence);
    }
}
