using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Ohttp;

namespace Verathos.Protocol.Keys;

/// <summary>
/// The keys that one evidence vouches for: {1: version 1, 2: boot id, 3: COSE_Key, 4: application/ohttp-keys, 5: not before,
/// 6: not after} in deterministic CBOR. Unknown members are refused; the digest is over the bytes as received.
/// </summary>
public sealed class Keyset
{
    /// <summary>Bytes of a boot id.</summary>
    public const int BootIdLength = 16;

    private readonly byte[] encoded;
    private readonly byte[] bootId;
    private readonly byte[] ohttpKeys;
    private readonly byte[] digest;

    private Keyset(byte[] encoded, byte[] bootId, CoseKey signingKey, byte[] ohttpKeys, IReadOnlyList<OhttpKeyConfig> configs, long notBefore, long notAfter)
    {
        this.encoded = encoded;
        this.bootId = bootId;
        this.ohttpKeys = ohttpKeys;
        SigningKey = signingKey;
        KeyConfigs = configs;
        NotBefore = DateTimeOffset.FromUnixTimeSeconds(notBefore);
        NotAfter = DateTimeOffset.FromUnixTimeSeconds(notAfter);
        digest = SHA256.HashData(encoded);
    }

    /// <summary>Random at every boot, 16 bytes.</summary>
    public ReadOnlyMemory<byte> BootId => bootId;

    /// <summary>The key that signs acceptances, checkpoints and receipts.</summary>
    public CoseKey SigningKey { get; }

    /// <summary>The exact application/ohttp-keys bytes.</summary>
    public ReadOnlyMemory<byte> OhttpKeys => ohttpKeys;

    /// <summary>The same, read.</summary>
    public IReadOnlyList<OhttpKeyConfig> KeyConfigs { get; }

    /// <summary>First moment of validity; whole seconds.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Last moment of validity; whole seconds.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>SHA-256 over the encoded bytes.</summary>
    public ReadOnlyMemory<byte> Digest => digest;

    /// <summary>The bytes as made, or as received.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>Puts a keyset together; throws if a part is not valid.</summary>
    public static Keyset Create(
        ReadOnlySpan<byte> bootId, CoseKey signingKey, ReadOnlySpan<byte> ohttpKeys, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        byte[] encoded = new DeterministicCborMap()
            .Add(1, 1UL)
            .Add(2, bootId.ToArray())
            .Add(3, writer => writer.Encoded(signingKey.Encode()))
            .Add(4, ohttpKeys.ToArray())
            .Add(5, checked((ulong)notBefore.ToUnixTimeSeconds()))
            .Add(6, checked((ulong)notAfter.ToUnixTimeSeconds()))
            .Encode();
        return TryParse(encoded, out Keyset? keyset, out string? error) ? keyset : throw new ArgumentException(error);
    }

    /// <summary>Reads a keyset; every member must be there, once, and nothing else.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out Keyset? keyset, [NotNullWhen(false)] out string? error)
    {
        keyset = null;
        ReadOnlySpan<byte> data = encoded.Span;
        if (!DeterministicCbor.TryValidate(data, out CborError cbor))
        {
            error = $"the keyset is not deterministic CBOR: {cbor}";
            return false;
        }

        DeterministicCborReader reader = new(data);
        if (!reader.TryReadMap(out int count) || count != 6)
        {
            error = "the keyset is not a map of six members";
            return false;
        }

        // Deterministic order makes the members come as 1 to 6.
        error = "a member of the keyset is missing, unknown or of the wrong type";
        if (!Label(ref reader, 1) || !reader.TryReadUInt64(out ulong version)
            || !Label(ref reader, 2) || !reader.TryReadBytes(BootIdLength, out byte[] bootId)
            || !Label(ref reader, 3) || !reader.TryReadEncoded(out ReadOnlySpan<byte> encodedKey)
            || !Label(ref reader, 4) || !reader.TryReadBytes(out ReadOnlySpan<byte> ohttpKeys)
            || !Label(ref reader, 5) || !reader.TryReadInt64(out long notBefore)
            || !Label(ref reader, 6) || !reader.TryReadInt64(out long notAfter))
        {
            return false;
        }

        if (version != 1)
        {
            error = $"the keyset has version {version}, and only 1 is known";
            return false;
        }

        if (!CoseKey.TryParse(encodedKey, out CoseKey? signingKey))
        {
            error = "the keyset's signing key is not an ES256 COSE_Key on P-256";
            return false;
        }

        if (!Ohttp.OhttpKeys.TryParse(ohttpKeys, out IReadOnlyList<OhttpKeyConfig>? configs, out string? keysError))
        {
            error = $"the keyset's ohttp-keys: {keysError}";
            return false;
        }

        if (notBefore < 0 || notAfter <= notBefore || notAfter > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            error = "the keyset's times are out of range or in the wrong order";
            return false;
        }

        keyset = new Keyset(data.ToArray(), bootId, signingKey, ohttpKeys.ToArray(), configs, notBefore, notAfter);
        error = null;
        return true;
    }

    private static bool Label(ref DeterministicCborReader reader, long label) => reader.TryReadInt64(out long read) && read == label;
}
