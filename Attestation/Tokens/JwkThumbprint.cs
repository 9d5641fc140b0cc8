using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tokens;

/// <summary>The name of a key that follows from the key itself: SHA-256 of its required members (RFC 7638 section 3).</summary>
internal static class JwkThumbprint
{
    /// <summary>The thumbprint of a key of a set, 32 bytes; of its first certificate's key where it has no numbers of its own.</summary>
    public static byte[]? Of(JsonElement key, IReadOnlyList<Certificate> certificates)
    {
        string? kty = JsonWebToken.Text(key, "kty");
        if (kty == "RSA")
        {
            string? n = JsonWebToken.Text(key, "n"), e = JsonWebToken.Text(key, "e");
            if ((n is null || e is null) && certificates.Count > 0)
            {
                (n, e) = RsaNumbers(certificates[0]);
            }

            return n is null || e is null ? null : Hash($$"""{"e":"{{e}}","kty":"RSA","n":"{{n}}"}""");
        }

        string? x = JsonWebToken.Text(key, "x"), y = JsonWebToken.Text(key, "y");
        if ((x is null || y is null) && certificates.Count > 0)
        {
            ReadOnlySpan<byte> point = certificates[0].KeyBits.Span;
            int half = (point.Length - 1) / 2;
            x = Base64Url.EncodeToString(point.Slice(1, half));
            y = Base64Url.EncodeToString(point[(1 + half)..]);
        }

        return kty != "EC" || x is null || y is null ? null : Hash($$"""{"crv":"P-384","kty":"EC","x":"{{x}}","y":"{{y}}"}""");
    }

    // RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 appendix A.1.1).
    private static (string? Modulus, string? Exponent) RsaNumbers(Certificate certificate)
    {
        AsnReader reader = new AsnReader(certificate.KeyBits, AsnEncodingRules.DER).ReadSequence();
        return (Number(reader), Number(reader));
    }

    private static string Number(AsnReader reader) => Base64Url.EncodeToString(reader.ReadIntegerBytes().Span.TrimStart((byte)0));

    private static byte[] Hash(string members) => SHA256.HashData(Encoding.UTF8.GetBytes(members));
}
