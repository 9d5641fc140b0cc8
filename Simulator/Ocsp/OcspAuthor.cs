using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Ocsp;

/// <summary>Writes OCSP responses (RFC 6960 section 4.2.1) about certificates of an authority whose key is at hand.</summary>
internal static class OcspAuthor
{
    private const string Basic = "1.3.6.1.5.5.7.48.1.1";
    private const string OcspSigning = "1.3.6.1.5.5.7.3.9";
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";

    /// <summary>One response with one answer, DER.</summary>
    public static byte[] Write(OcspSpec spec, X509Certificate2 certificate, X509Certificate2 issuer, ECDsa issuerKey, DateTimeOffset now)
    {
        if (spec.ResponseStatus != 0)
        {
            return Response(spec.ResponseStatus, null);
        }

        byte[] data = Data(spec, certificate, issuer, now);
        using var responderKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using X509Certificate2? responder = spec.SignedByIssuer ? null : CertificateAuthor.Issue(
            DistinguishedName.Nvidia("OCSP responder"), responderKey, issuer.SubjectName, spec.ForeignResponder ? foreign : issuerKey,
            (now.AddDays(-1), now.AddYears(1)), RandomNumberGenerator.GetBytes(8).Select((value, i) => i == 0 ? (byte)(value & 0x7F | 0x40) : value).ToArray(),
            CertificateAuthor.EndEntity(),
            CertificateAuthor.Usage(X509KeyUsageFlags.DigitalSignature),
            new X509EnhancedKeyUsageExtension([new Oid(spec.ResponderPurpose ?? OcspSigning)], critical: false));
        ECDsa signer = spec.Signature == SignatureFault.ForeignKey ? foreign : responder is null ? issuerKey : responderKey;
        byte[] signature = signer.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence);
        signature[^1] ^= (byte)(spec.Signature == SignatureFault.BitFlipped ? 1 : 0);

        AsnWriter basic = new(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            using (basic.PushSequence())
            {
                basic.WriteObjectIdentifier(EcdsaWithSha384);
            }

            basic.WriteBitString(signature);
            if (responder is not null)
            {
                using (basic.PushSequence(Tag(0)))
                using (basic.PushSequence())
                {
                    basic.WriteEncodedValue(responder.RawData);
                }
            }
        }

        return Response(0, basic.Encode());
    }

    private static byte[] Response(int status, byte[]? basic)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEnumeratedValue((ResponseStatus)status);
            if (basic is not null)
            {
                using (writer.PushSequence(Tag(0)))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Basic);
                    writer.WriteOctetString(basic);
                }
            }
        }

        return writer.Encode();
    }

    private static byte[] Data(OcspSpec spec, X509Certificate2 certificate, X509Certificate2 issuer, DateTimeOffset now)
    {
        DateTimeOffset from = spec.ThisUpdate ?? now.AddHours(-1);
        AsnWriter data = new(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            using (data.PushSequence(Tag(1)))
            {
                data.WriteEncodedValue(issuer.SubjectName.RawData);
            }

            data.WriteGeneralizedTime(from, omitFractionalSeconds: true);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                WriteIdentifier(data, spec, certificate, issuer);
                if (spec.Status == 1)
                {
                    using (data.PushSequence(Tag(1)))
                    {
                        data.WriteGeneralizedTime(from, omitFractionalSeconds: true);
                    }
                }
                else
                {
                    data.WriteNull(new Asn1Tag(TagClass.ContextSpecific, spec.Status));
                }

                data.WriteGeneralizedTime(from, omitFractionalSeconds: true);
                if (!spec.WithoutNextUpdate)
                {
                    using (data.PushSequence(Tag(0)))
                    {
                        data.WriteGeneralizedTime(spec.NextUpdate ?? from.AddDays(7), omitFractionalSeconds: true);
                    }
                }
            }
        }

        return data.Encode();
    }

    private static void WriteIdentifier(AsnWriter data, OcspSpec spec, X509Certificate2 certificate, X509Certificate2 issuer)
    {
        string algorithm = spec.HashAlgorithm ?? Sha256;
        byte[] Hash(byte[] value) => algorithm == Sha384 ? SHA384.HashData(value) : SHA256.HashData(value);

        using (data.PushSequence())
        {
            using (data.PushSequence())
            {
                data.WriteObjectIdentifier(algorithm);
            }

            data.WriteOctetString(Hash(issuer.SubjectName.RawData));
            data.WriteOctetString(Hash(issuer.PublicKey.EncodedKeyValue.RawData));
            data.WriteIntegerUnsigned(spec.SerialNumber ?? certificate.SerialNumberBytes.ToArray());
        }
    }

    private static Asn1Tag Tag(int number) => new(TagClass.ContextSpecific, number, isConstructed: true);

    private enum ResponseStatus
    {
        Successful = 0,
    }
}
