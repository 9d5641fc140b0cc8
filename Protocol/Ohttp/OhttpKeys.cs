using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Verathos.Protocol.Hpke;

namespace Verathos.Protocol.Ohttp;

/// <summary>A list of key configurations, media type application/ohttp-keys (RFC 9458 section 3.2): each after its length in two bytes.</summary>
public static class OhttpKeys
{
    /// <summary>Encodes the list, most preferred first.</summary>
    public static byte[] Encode(IEnumerable<OhttpKeyConfig> configs)
    {
        List<byte> encoded = [];
        Span<byte> length = stackalloc byte[2];
        foreach (OhttpKeyConfig config in configs)
        {
            byte[] one = config.Encode();
            BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)one.Length));
            encoded.AddRange(length);
            encoded.AddRange(one);
        }

        return [.. encoded];
    }

    /// <summary>
    /// Reads a list. A configuration whose mechanism is unknown is passed over, as RFC 9458 says; a malformed one, two with the
    /// same identifier, or a list without any usable one, refuses the whole.
    /// </summary>
    public static bool TryParse(
        ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out IReadOnlyList<OhttpKeyConfig>? configs, [NotNullWhen(false)] out string? error)
    {
        configs = null;
        List<OhttpKeyConfig> found = [];
        while (!encoded.IsEmpty)
        {
            if (encoded.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(encoded) > encoded.Length - 2)
            {
                error = "a key configuration's length does not fit";
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(encoded);
            ReadOnlySpan<byte> one = encoded.Slice(2, length);
            encoded = encoded[(2 + length)..];
            if (one.Length < 3)
            {
                error = "a key configuration is cut short";
                return false;
            }

            if (!HpkeSuite.IsSupportedKem(BinaryPrimitives.ReadUInt16BigEndian(one[1..])))
            {
                continue;
            }

            if (!OhttpKeyConfig.TryParse(one, out OhttpKeyConfig? config))
            {
                error = "a key configuration is malformed";
                return false;
            }

            if (found.Exists(other => other.KeyId == config.KeyId))
            {
                error = "two key configurations have the same identifier";
                return false;
            }

            found.Add(config);
        }

        if (found.Count == 0)
        {
            error = "no key configuration with a known mechanism";
            return false;
        }

        configs = found;
        error = null;
        return true;
    }
}
