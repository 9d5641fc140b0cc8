using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.X509;

/// <summary>OCSP answers, minted: what counts as good, and each thing that does not.</summary>
public sealed class OcspResponseTests : IDisposable
{
    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _caKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly ECDsa _responderKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly X509Certificate2 _ca;
    private readonly X509Certificate2 _device;
    private readonly Certificate _issuer;
    private readonly Certificate _certificate;

    public OcspResponseTests()
    {
        CertificateRequest ca = new("CN=Device CA", _caKey, HashAlgorithmName.SHA384);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        ca.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        _ca = ca.CreateSelfSigned(From, From.AddYears(9));
        _device = new CertificateRequest("CN=Device", _responderKey, HashAlgorithmName.SHA384).Create(_ca, From, From.AddYears(8), [0x12, 0x34]);
        _issuer = Parse(_ca);
        _certificate = Parse(_device);
    }

    public void Dispose()
    {
        _caKey.Dispose();
        _responderKey.Dispose();
        _ca.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void A_good_answer_of_the_issuer_is_good() => Assert.Null(Judge(Mint()));

    [Fact]
    public void A_good_answer_of_a_named_responder_is_good() => Assert.Null(Judge(Mint(responder: Responder())));

    [Theory]
    [InlineData(1, "revoked")]
    [InlineData(2, "unknown")]
    public void Anything_but_good_is_a_problem(int status, string word) => Assert.Contains(word, Judge(Mint(status)), StringComparison.Ordinal);

    [Fact]
    public void A_responder_without_the_purpose_is_no_responder() =>
        Assert.Contains("not signed", Judge(Mint(responder: Responder(purpose: "1.3.6.1.5.5.7.3.1"))), StringComparison.Ordinal);

    [Fact]
    public void A_responder_of_another_issuer_is_no_responder()
    {
        using OcspResponseTests other = new();
        Assert.Contains("not signed", Judge(Mint(responder: other.Responder())), StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_answer_is_a_problem() => Assert.Contains("expired", Judge(Mint(), From.AddDays(9)), StringComparison.Ordinal);

    [Fact]
    public void An_answer_from_the_future_is_a_problem() => Assert.Contains("later", Judge(Mint(), From.AddDays(-1)), StringComparison.Ordinal);

    [Fact]
    public void An_answer_without_an_end_is_a_problem() => Assert.Contains("how long", Judge(Mint(end: false)), StringComparison.Ordinal);

    [Fact]
    public void An_answer_about_another_certificate_says_nothing()
    {
        Assert.True(OcspResponse.TryParse(Mint(serial: [0x12, 0x35]), out OcspResponse? response, out _));
        Assert.False(response!.TryJudge(_certificate, _issuer, From.AddDays(1), out _));
    }

    [Fact]
    public void A_changed_answer_is_not_signed()
    {
        byte[] response = Mint(2);
        int index = response.AsSpan().IndexOf((byte[])[0x82, 0x00]);
        response[index] = 0x80;
        Assert.Contains("not signed", Judge(response), StringComparison.Ordinal);
    }

    [Fact]
    public void A_responder_that_did_not_answer_is_no_answer()
    {
        Assert.False(OcspResponse.TryParse((byte[])[0x30, 3, 0x0A, 1, 3], out _, out ParseError error));
        Assert.Contains("did not answer", error.Problem, StringComparison.Ordinal);
    }

    private string Judge(byte[] der, DateTimeOffset? at = null)
    {
        Assert.True(OcspResponse.TryParse(der, out OcspResponse? response, out ParseError error), error.ToString());
        Assert.True(response!.TryJudge(_certificate, _issuer, at ?? From.AddDays(1), out string? problem));
        return problem!;
    }

    private static Certificate Parse(X509Certificate2 certificate) =>
        Certificate.TryParse(certificate.RawData, out Certificate? parsed, out ParseError error) ? parsed! : throw new InvalidOperationException(error.ToString());

    private X509Certificate2 Responder(string purpose = "1.3.6.1.5.5.7.3.9")
    {
        CertificateRequest request = new("CN=Responder", _responderKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: true));
        return request.Create(_ca, From, From.AddYears(1), [9]);
    }

    private byte[] Mint(int status = 0, X509Certificate2? responder = null, bool end = true, byte[]? serial = null)
    {
        AsnWriter data = new(AsnEncodingRules.DER);
        using (data.PushSequence())
        {
            using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
            {
                data.WriteOctetString(new byte[20]);
            }

            data.WriteGeneralizedTime(From, omitFractionalSeconds: true);
            using (data.PushSequence())
            using (data.PushSequence())
            {
                using (data.PushSequence())
                {
                    using (data.PushSequence())
                    {
                        data.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
                    }

                    data.WriteOctetString(SHA256.HashData(_issuer.SubjectName.Span));
                    data.WriteOctetString(SHA256.HashData(_issuer.KeyBits.Span));
                    data.WriteInteger(serial ?? [0x12, 0x34]);
                }

                if (status == 1)
                {
                    using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    {
                        data.WriteGeneralizedTime(From, omitFractionalSeconds: true);
                    }
                }
                else
                {
                    data.WriteNull(new Asn1Tag(TagClass.ContextSpecific, status));
                }

                data.WriteGeneralizedTime(From, omitFractionalSeconds: true);
                if (end)
                {
                    using (data.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    {
                        data.WriteGeneralizedTime(From.AddDays(7), omitFractionalSeconds: true);
                    }
                }
            }
        }

        byte[] tbs = data.Encode();
        AsnWriter basic = new(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            basic.WriteEncodedValue(tbs);
            using (basic.PushSequence())
            {
                basic.WriteObjectIdentifier("1.2.840.10045.4.3.3");
            }

            basic.WriteBitString((responder is null ? _caKey : _responderKey).SignData(tbs, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence));
            if (responder is not null)
            {
                using (basic.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (basic.PushSequence())
                {
                    basic.WriteEncodedValue(responder.RawData);
                }
            }
        }

        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEnumeratedValue(ResponseStatus.Successful);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                writer.WriteOctetString(basic.Encode());
            }
        }

        return writer.Encode();
    }

    private enum ResponseStatus
    {
        Successful = 0,
    }
}
