using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>A key configuration (RFC 9458 section 3.1): identifier, mechanism, public key, and the symmetric algorithms it goes with.</summary>
public sealed record OhttpKeyConfig(byte KeyId, HpkeKem Kem, ReadOnlyMemory<byte> PublicKey, IReadOnlyList<OhttpAlgorithm> Algorithms)
{
    /// <summary>Identifier (1 byte), mechanism (2), public key, length of the list in bytes (2), then 4 bytes an algorithm; big-endian.</summary>
    public byte[] Encode()
    {
        byte[] encoded = new byte[1 + 2 + PublicKey.Length + 2 + (4 * Algorithms.Count)];
        encoded[0] = KeyId;
        BinaryPrimitives.WriteUInt16BigEndian(encoded.AsSpan(1), (ushort)Kem);
        PublicKey.Span.CopyTo(encoded.AsSpan(3));
        Span<byte> rest = encoded.AsSpan(3 + PublicKey.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, checked((ushort)(4 * Algorithms.Count)));
        rest = rest[2..];
        foreach (OhttpAlgorithm algorithm in Algorithms)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)algorithm.Kdf);
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)algorithm.Aead);
            rest = rest[4..];
        }

        return encoded;
    }

    /// <summary>Reads one configuration that fills <paramref name="encoded"/>; false if its mechanism is unknown or a length does not fit.</summary>
    public static bool TryParse(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out OhttpKeyConfig? config)
    {
        config = null;
        if (encoded.Length < 3 || !HpkeSuite.IsSupportedKem(BinaryPrimitives.ReadUInt16BigEndian(encoded[1..])))
        {
            return false;
        }

        HpkeKem kem = (HpkeKem)BinaryPrimitives.ReadUInt16BigEndian(encoded[1..]);
        ReadOnlySpan<byte> rest = encoded[3..];
        int keyLength = HpkeSuite.PublicKeyLengthOf(kem);
        if (rest.Length < keyLength + 2)
        {
            return false;
        }

        byte[] publicKey = rest[..keyLength].ToArray();
        int listLength = BinaryPrimitives.ReadUInt16BigEndian(rest[keyLength..]);
        rest = rest[(keyLength + 2)..];
        if (listLength == 0 || listLength % 4 != 0 || listLength != rest.Length)
        {
            return false;
        }

        OhttpAlgorithm[] algorithms = new OhttpAlgorithm[listLength / 4];
        for (int i = 0; i < algorithms.Length; i++)
        {
            algorithms[i] = new OhttpAlgorithm(
                BinaryPrimitives.ReadUInt16BigEndian(rest[(4 * i)..]), BinaryPrimitives.ReadUInt16BigEndian(rest[((4 * i) + 2)..]));
        }

        config = new OhttpKeyConfig(encoded[0], kem, publicKey, algorithms);
        return true;
    }

    /// <summary>The suite with a given cipher, if this configuration lists it with HKDF-SHA256.</summary>
    public bool TryGetSuite(HpkeAead aead, out HpkeSuite suite)
    {
        suite = new HpkeSuite(Kem, HpkeKdf.HkdfSha256, aead);
        return suite.IsSupported && Algorithms.Contains(new OhttpAlgorithm((int)HpkeKdf.HkdfSha256, (int)aead));
    }
}
