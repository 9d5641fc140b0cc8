using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Authorities;

/// <summary>Issues X.509 certificates with the extensions in the order given.</summary>
internal static class CertificateAuthor
{
    public static X509Certificate2 Issue(
        X500DistinguishedName subject,
        ECDsa subjectKey,
        X500DistinguishedName issuer,
        ECDsa issuerKey,
        (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity,
        ReadOnlySpan<byte> serialNumber,
        params ReadOnlySpan<X509Extension> extensions)
    {
        HashAlgorithmName hash = issuerKey.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        var request = new CertificateRequest(subject, new PublicKey(subjectKey), hash);
        foreach (X509Extension extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        return request.Create(
            issuer, X509SignatureGenerator.CreateForECDsa(issuerKey), validity.NotBefore, validity.NotAfter, serialNumber);
    }

    /// <summary>The RFC 5280 section 4.2.1.2 (1) key identifier: SHA-1 of the public key bits.</summary>
    public static byte[] KeyIdentifier(ECDsa key) => SubjectKey(key).SubjectKeyIdentifierBytes.ToArray();

    public static X509SubjectKeyIdentifierExtension SubjectKey(ECDsa key) =>
        new(new PublicKey(key), X509SubjectKeyIdentifierHashAlgorithm.Sha1, critical: false);

    public static X509AuthorityKeyIdentifierExtension AuthorityKey(ECDsa issuerKey) =>
        X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(SubjectKey(issuerKey));

    public static X509Extension CrlAt(string uri) =>
        CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([uri]);

    public static X509Extension OcspAt(string uri) => new X509AuthorityInformationAccessExtension([uri], null);

    public static X509Extension Usage(X509KeyUsageFlags flags) => new X509KeyUsageExtension(flags, critical: true);

    /// <summary>Basic constraints of an authority, without a path length where it is null.</summary>
    public static X509Extension Authority(int? pathLength) =>
        new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, critical: true);

    /// <summary>Basic constraints that say "no authority".</summary>
    public static X509Extension EndEntity() => new X509BasicConstraintsExtension(false, false, 0, critical: true);
}
