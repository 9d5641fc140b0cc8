using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.X509;
using Verathos.Simulator;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>
/// The OCSP responder of a simulated NVIDIA: answers what it is really asked, by RFC 6960, with a responder's certificate that each
/// issuer certified. Minted: no recorded OCSP answer of NVIDIA's exists here.
/// </summary>
internal sealed class NvidiaResponder(Installation installation, DateTimeOffset now)
{
    private static readonly Asn1Tag Zero = new(TagClass.ContextSpecific, 0);

    /// <summary>0 good, 1 revoked, 2 unknown.</summary>
    public int Status { get; set; }

    public bool RepeatsNonce { get; set; } = true;

    public DateTimeOffset ThisUpdate { get; set; } = now.AddHours(-1);

    /// <summary>Answers a request about a certificate of a device's chain (PEM, leaf first).</summary>
    public byte[] Answer(byte[] request, byte[] chainPem)
    {
        AsnReader outer = new(request, AsnEncodingRules.DER);
        AsnReader tbs = outer.ReadSequence().ReadSequence();
        AsnReader id = tbs.ReadSequence().ReadSequence().ReadSequence();
        ReadOnlyMemory<byte> algorithm = id.ReadEncodedValue();
        byte[] nameHash = id.ReadOctetString();
        byte[] keyHash = id.ReadOctetString();
        byte[] serial = id.ReadIntegerBytes().ToArray();
        byte[]? extensions = tbs.HasData ? tbs.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 2)).ReadEncodedValue().ToArray() : null;

        Assert.True(PemReader.TryRead(chainPem, out IReadOnlyList<Certificate> chain, out _));
        int index = Enumerable.Range(0, chain.Count).First(i => chain[i].SerialNumber.Span.SequenceEqual(serial));
        Certificate issuer = chain[index + 1];
        Assert.Equal(SHA384.HashData(issuer.SubjectName.Span), nameHash);
        Assert.Equal(SHA384.HashData(issuer.KeyBits.Span), keyHash);

        using ECDsa issuerKey = IssuerKey(issuer);
        using X509Certificate2 issuerCertificate = X509CertificateLoader.LoadCertificate(issuer.Der.Span);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        CertificateRequest responder = new("CN=Responder", key, HashAlgorithmName.SHA384);
        responder.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.9")], critical: true));
        using X509Certificate2 certificate = responder.Create(
            issuerCertificate.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddDays(-30), now.AddDays(30), [7]);
        byte[] data = Data(algorithm, nameHash, keyHash, serial, RepeatsNonce ? extensions : null);
        return Whole(data, key.SignData(data, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence), certificate.RawData);
    }

    private ECDsa IssuerKey(Certificate issuer)
    {
        // The installation keeps its authorities' keys as files; which of them it is says the certificate.
        foreach (string file in Directory.EnumerateFiles(Path.Combine(installation.Roots.Folder, "authority"), "nvidia-*.key"))
        {
            ECDsa key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(file));
            if (SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan().SequenceEqual(issuer.SpkiDigest.Span))
            {
                return key;
            }

            key.Dispose();
        }

        throw new InvalidOperationException($"no key of {issuer.CommonName}");
    }

    private byte[] Data(ReadOnlyMemory<byte> algorithm, byte[] nameHash, byte[] keyHash, byte[] serial, byte[]? extensions)
    {
        AsnWriter data = new(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
            {
                data.WriteOctetString(new byte[20]);
            }

            data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                using (data.PushSequence())
                {
                    data.WriteEncodedValue(algorithm.Span);
                    data.WriteOctetString(nameHash);
                    data.WriteOctetString(keyHash);
                    data.WriteInteger(serial);
                }

                if (Status == 1)
                {
                    using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    {
                        data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
                    }
                }
                else
                {
                    data.WriteNull(new Asn1Tag(TagClass.ContextSpecific, Status));
                }

                data.WriteGeneralizedTime(ThisUpdate, omitFractionalSeconds: true);
                using (data.PushSequence(Zero))
                {
                    data.WriteGeneralizedTime(ThisUpdate.AddDays(7), omitFractionalSeconds: true);
                }
            }

            if (extensions is not null)
            {
                using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                {
                    data.WriteEncodedValue(extensions);
                }
            }
        }

        return data.Encode();
    }

    private static byte[] Whole(byte[] data, byte[] signature, byte[] certificate)
    {
        AsnWriter basic = new(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(data);
            using (basic.PushSequence())
            {
                basic.WriteObjectIdentifier("1.2.840.10045.4.3.3");
            }

            basic.WriteBitString(signature);
            using (basic.PushSequence(Zero))
            using (basic.PushSequence())
            {
                basic.WriteEncodedValue(certificate);
            }
        }

        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue([0x0A, 1, 0]);
            using (writer.PushSequence(Zero))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                writer.WriteOctetString(basic.Encode());
            }
        }

        return writer.Encode();
    }
}
