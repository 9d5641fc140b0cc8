using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Authorities;

/// <summary>Writes version 2 CRLs (RFC 5280 section 5) with CRL number and authority key identifier, as Intel's.</summary>
internal static class RevocationList
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static byte[] Sign(
        X509Certificate2 issuer,
        ECDsa issuerKey,
        DateTimeOffset thisUpdate,
        DateTimeOffset nextUpdate,
        int number,
        IEnumerable<byte[]> revokedSerials)
    {
        var body = new AsnWriter(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(1);
            WriteAlgorithm(body);
            body.WriteEncodedValue(issuer.SubjectName.RawData);
            body.WriteUtcTime(thisUpdate);
            body.WriteUtcTime(nextUpdate);
            WriteRevoked(body, thisUpdate, [.. revokedSerials]);
            using (body.PushSequence(Explicit0))
            using (body.PushSequence())
            {
                WriteExtension(body, "2.5.29.20", writer => writer.WriteInteger(number));
                using (body.PushSequence())
                {
                    body.WriteObjectIdentifier("2.5.29.35");
                    body.WriteOctetString(CertificateAuthor.AuthorityKey(issuerKey).RawData);
                }
            }
        }

        byte[] toBeSigned = body.Encode();
        byte[] signature = issuerKey.SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(toBeSigned);
            WriteAlgorithm(list);
            list.WriteBitString(signature);
        }

        return list.Encode();
    }

    private static void WriteRevoked(AsnWriter writer, DateTimeOffset at, byte[][] serials)
    {
        if (serials.Length == 0)
        {
            // RFC 5280 section 5.1.2.6: where nothing is revoked, the list is absent.
            return;
        }

        using (writer.PushSequence())
        {
            foreach (byte[] serial in serials)
            {
                using (writer.PushSequence())
                {
                    writer.WriteIntegerUnsigned(serial);
                    writer.WriteUtcTime(at);
                    using (writer.PushSequence())
                    {
                        WriteExtension(writer, "2.5.29.21", reason => reason.WriteEnumeratedValue(X509RevocationReason.KeyCompromise));
                    }
                }
            }
        }
    }

    private static void WriteExtension(AsnWriter writer, string oid, Action<AsnWriter> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushOctetString())
            {
                value(writer);
            }
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(EcdsaWithSha256);
        }
    }
}
