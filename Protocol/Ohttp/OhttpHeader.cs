using System.Buffers.Binary;
using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>The seven bytes before the encapsulated key: key identifier, mechanism, key derivation, cipher (RFC 9458 section 4.1).</summary>
internal readonly record struct OhttpHeader(byte KeyId, HpkeSuite Suite)
{
    public const int Length = 7;

    public static ReadOnlySpan<byte> RequestLabel => "message/bhttp request"u8;

    public static ReadOnlySpan<byte> ResponseLabel => "message/bhttp response"u8;

    public static ReadOnlySpan<byte> ChunkedRequestLabel => "message/bhttp chunked request"u8;

    public static ReadOnlySpan<byte> ChunkedResponseLabel => "message/bhttp chunked response"u8;

    public byte[] Encode()
    {
        byte[] header = new byte[Length];
        header[0] = KeyId;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(1), (ushort)Suite.Kem);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)Suite.Kdf);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(5), (ushort)Suite.Aead);
        return header;
    }

    /// <summary>The HPKE info: a label, a zero byte, the header.</summary>
    public byte[] Info(ReadOnlySpan<byte> label) => [.. label, 0, .. Encode()];

    /// <summary>Finds the key and suite that a header names; both must be what the gateway offers.</summary>
    public static bool TryMatch(ReadOnlySpan<byte> header, IReadOnlyCollection<OhttpPrivateKey> keys, out OhttpHeader matched, out OhttpPrivateKey? key)
    {
        matched = default;
        key = null;
        foreach (OhttpPrivateKey candidate in keys)
        {
            if (candidate.Config.KeyId == header[0] && (int)candidate.Config.Kem == BinaryPrimitives.ReadUInt16BigEndian(header[1..]))
            {
                key = candidate;
            }
        }

        OhttpAlgorithm algorithm = new(BinaryPrimitives.ReadUInt16BigEndian(header[3..]), BinaryPrimitives.ReadUInt16BigEndian(header[5..]));
        if (key is null || !key.Config.Algorithms.Contains(algorithm))
        {
            return false;
        }

        matched = new OhttpHeader(header[0], new HpkeSuite(key.Config.Kem, (HpkeKdf)algorithm.Kdf, (HpkeAead)algorithm.Aead));
        return matched.Suite.IsSupported;
    }
}
