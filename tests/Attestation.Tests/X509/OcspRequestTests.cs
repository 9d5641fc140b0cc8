using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tests.X509;

/// <summary>What an OCSP request says, member by member (RFC 6960 section 4.1.1).</summary>
public sealed class OcspRequestTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly Certificate _issuer;
    private readonly Certificate _certificate;

    public OcspRequestTests()
    {
        DateTimeOffset from = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        CertificateRequest ca = new("CN=Device CA", _key, HashAlgorithmName.SHA384);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        using X509Certificate2 authority = ca.CreateSelfSigned(from, from.AddYears(9));
        using X509Certificate2 device = new CertificateRequest("CN=Device", _key, HashAlgorithmName.SHA384).Create(authority, from, from.AddYears(8), [0x80, 0x34]);
        _issuer = Parse(authority);
        _certificate = Parse(device);
    }

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    public void A_request_names_the_certificate_and_its_issuer_and_where_asked_a_nonce(int length)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(length);
        AsnReader outer = new(OcspRequest.Write(_certificate, _issuer, length == 0 ? (ReadOnlyMemory<byte>?)null : nonce), AsnEncodingRules.DER);
        AsnReader request = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        AsnReader tbs = request.ReadSequence();
        request.ThrowIfNotEmpty();
        AsnReader list = tbs.ReadSequence();
        AsnReader single = list.ReadSequence();
        list.ThrowIfNotEmpty();
        AsnReader id = single.ReadSequence();
        single.ThrowIfNotEmpty();
        AsnReader algorithm = id.ReadSequence();
        Assert.Equal("2.16.840.1.101.3.4.2.2", algorithm.ReadObjectIdentifier());
        algorithm.ReadNull();
        algorithm.ThrowIfNotEmpty();
        Assert.Equal(SHA384.HashData(_issuer.SubjectName.Span), id.ReadOctetString());
        Assert.Equal(SHA384.HashData(_issuer.KeyBits.Span), id.ReadOctetString());
        Assert.Equal(_certificate.SerialNumber.ToArray(), id.ReadIntegerBytes().ToArray());
        id.ThrowIfNotEmpty();
        if (length == 0)
        {
            tbs.ThrowIfNotEmpty();
            return;
        }

        AsnReader extensions = tbs.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 2)).ReadSequence();
        tbs.ThrowIfNotEmpty();
        AsnReader extension = extensions.ReadSequence();
        extensions.ThrowIfNotEmpty();
        Assert.Equal("1.3.6.1.5.5.7.48.1.2", extension.ReadObjectIdentifier());
        Assert.Equal(nonce, new AsnReader(extension.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString());
        extension.ThrowIfNotEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    public void A_nonce_of_another_length_is_misuse(int length) =>
        Assert.Throws<ArgumentException>(() => OcspRequest.Write(_certificate, _issuer, new byte[length]));

    private static Certificate Parse(X509Certificate2 certificate) =>
        Certificate.TryParse(certificate.RawData, out Certificate? parsed, out ParseError error) ? parsed! : throw new InvalidOperationException(error.ToString());
}
