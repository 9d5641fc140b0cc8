using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Authorities;

/// <summary>Writes version 2 CRLs (RFC 5280 section 5) with CRL number and authority key identifier, as Intel's.</summary>
internal static class RevocationList
{
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string NumberOid = "2.5.29.20";
    private const string ReasonOid = "2.5.29.21";
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static byte[] Sign(
        RevocationListSpec change,
        X509Certificate2 issuer,
        ECDsa issuerKey,
        (DateTimeOffset This, DateTimeOffset Next) updates,
        int number,
        IEnumerable<byte[]> revokedSerials)
    {
        DateTimeOffset thisUpdate = change.ThisUpdate ?? updates.This;
        var body = new AsnWriter(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(change.Version);
            WriteAlgorithm(body);
            body.WriteEncodedValue((change.Issuer ?? issuer.SubjectName).RawData);
            body.WriteUtcTime(thisUpdate);
            if (!change.WithoutNextUpdate)
            {
                body.WriteUtcTime(change.NextUpdate ?? updates.Next);
            }

            WriteRevoked(body, change, change.RevocationDate ?? thisUpdate, [.. revokedSerials, .. change.Revoked]);
            WriteExtensions(
                body,
                [.. new[] { Extension(NumberOid, writer => writer.WriteInteger(change.Number ?? number)), CertificateAuthor.AuthorityKey(issuerKey) }
                    .Where(extension => !change.WithoutExtensions.Contains(extension.Oid!.Value!)), .. change.Extensions]);
        }

        byte[] toBeSigned = body.Encode();
        using var foreign = change.Signature == SignatureFault.ForeignKey ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        byte[] signature = (foreign ?? issuerKey).SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        signature[^1] ^= (byte)(change.Signature == SignatureFault.BitFlipped ? 1 : 0);
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(toBeSigned);
            WriteAlgorithm(list);
            list.WriteBitString(signature);
        }

        return list.Encode();
    }

    private static void WriteRevoked(AsnWriter writer, RevocationListSpec change, DateTimeOffset at, byte[][] serials)
    {
        if (serials.Length == 0)
        {
            // RFC 5280 section 5.1.2.6: where nothing is revoked, the list is absent.
            return;
        }

        X509Extension reason = Extension(ReasonOid, writer => writer.WriteEnumeratedValue(change.Reason));
        using (writer.PushSequence())
        {
            foreach (byte[] serial in serials)
            {
                using (writer.PushSequence())
                {
                    writer.WriteIntegerUnsigned(serial);
                    writer.WriteUtcTime(at);
                    WriteList(writer, [reason, .. change.EntryExtensions]);
                }
            }
        }
    }

    private static void WriteExtensions(AsnWriter writer, IReadOnlyList<X509Extension> extensions)
    {
        if (extensions.Count > 0)
        {
            using (writer.PushSequence(Explicit0))
            {
                WriteList(writer, extensions);
            }
        }
    }

    private static void WriteList(AsnWriter writer, IEnumerable<X509Extension> extensions)
    {
        using (writer.PushSequence())
        {
            foreach (X509Extension extension in extensions)
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(extension.Oid!.Value!);
                    if (extension.Critical)
                    {
                        writer.WriteBoolean(true);
                    }

                    writer.WriteOctetString(extension.RawData);
                }
            }
        }
    }

    private static X509Extension Extension(string oid, Action<AsnWriter> value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        value(writer);
        return new X509Extension(oid, writer.Encode(), critical: false);
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(EcdsaWithSha256);
        }
    }
}
