using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Verathos.Attestation.X509;

/// <summary>
/// A question about one certificate's revocation (RFC 6960 section 4.1.1), unsigned. The issuer is named by SHA-384 digests, as
/// NVIDIA's own verifier names it.
/// </summary>
public static class OcspRequest
{
    /// <summary>The media type of a request.</summary>
    public const string MediaType = "application/ocsp-request";

    /// <summary>The media type of an answer.</summary>
    public const string AnswerMediaType = "application/ocsp-response";

    internal const string NonceOid = "1.3.6.1.5.5.7.48.1.2";
    private const string Sha384Oid = "2.16.840.1.101.3.4.2.2";
    private const int LongestNonce = 32;

    /// <summary>Writes the request as DER.</summary>
    /// <param name="certificate">The certificate that is asked about.</param>
    /// <param name="issuer">Its issuer.</param>
    /// <param name="nonce">1 to 32 bytes that the answer must repeat (RFC 8954); null asks without.</param>
    /// <exception cref="ArgumentException">The nonce has another length.</exception>
    public static byte[] Write(Certificate certificate, Certificate issuer, ReadOnlyMemory<byte>? nonce = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(issuer);
        if (nonce is { Length: 0 or > LongestNonce })
        {
            throw new ArgumentException($"a nonce has 1 to {LongestNonce} bytes", nameof(nonce));
        }

        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            // TBSRequest: version 1 and the requestor's name are left out, as DER and the profile want it.
            using (writer.PushSequence())
            using (writer.PushSequence())
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Sha384Oid);
                    writer.WriteNull();
                }

                writer.WriteOctetString(SHA384.HashData(issuer.SubjectName.Span));
                writer.WriteOctetString(SHA384.HashData(issuer.KeyBits.Span));
                writer.WriteInteger(certificate.SerialNumber.Span);
            }

            if (nonce is { } value)
            {
                WriteNonce(writer, value.Span);
            }
        }

        return writer.Encode();
    }

    /// <summary>The extension's value for a nonce, as an answer must repeat it.</summary>
    internal static byte[] NonceValue(ReadOnlySpan<byte> nonce)
    {
        AsnWriter value = new(AsnEncodingRules.DER);
        value.WriteOctetString(nonce);
        return value.Encode();
    }

    private static void WriteNonce(AsnWriter writer, ReadOnlySpan<byte> nonce)
    {
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(NonceOid);
            writer.WriteOctetString(NonceValue(nonce));
        }
    }
}
