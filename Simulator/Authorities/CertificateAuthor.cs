using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Verathos.Simulator.Certificates;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Authorities;

/// <summary>Issues X.509 certificates with the extensions in the order given.</summary>
internal static class CertificateAuthor
{
    private const string BasicConstraints = "2.5.29.19";
    private const string KeyUsage = "2.5.29.15";

    public static X509Certificate2 Issue(
        X500DistinguishedName subject,
        ECDsa subjectKey,
        X500DistinguishedName issuer,
        ECDsa issuerKey,
        (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity,
        ReadOnlySpan<byte> serialNumber,
        params ReadOnlySpan<X509Extension> extensions) =>
        Issue(CertificateSpec.Standard, subject, subjectKey, issuer, issuerKey, validity, serialNumber, extensions);

    /// <summary>Issues a certificate of which <paramref name="change"/> says what differs from the other arguments.</summary>
    public static X509Certificate2 Issue(
        CertificateSpec change,
        X500DistinguishedName subject,
        ECDsa subjectKey,
        X500DistinguishedName issuer,
        ECDsa issuerKey,
        (DateTimeOffset NotBefore, DateTimeOffset NotAfter) validity,
        ReadOnlySpan<byte> serialNumber,
        params ReadOnlySpan<X509Extension> extensions)
    {
        PublicKey shown = change.SubjectPublicKeyInfo is { } spki ? PublicKey.CreateFromSubjectPublicKeyInfo(spki, out _) : new PublicKey(subjectKey);
        HashAlgorithmName hash = issuerKey.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        var request = new CertificateRequest(change.Subject ?? subject, shown, hash);
        foreach (X509Extension extension in Changed(extensions, change))
        {
            request.CertificateExtensions.Add(extension);
        }

        using var foreign = change.Signature == SignatureFault.ForeignKey ? ECDsa.Create(issuerKey.ExportParameters(false).Curve) : null;
        X509Certificate2 certificate = request.Create(
            change.Issuer ?? issuer,
            X509SignatureGenerator.CreateForECDsa(foreign ?? issuerKey),
            change.NotBefore ?? validity.NotBefore,
            change.NotAfter ?? validity.NotAfter,
            change.SerialNumber ?? serialNumber);
        if (change.Signature != SignatureFault.BitFlipped)
        {
            return certificate;
        }

        using (certificate)
        {
            byte[] der = certificate.RawData;
            der[^1] ^= 1;
            return X509CertificateLoader.LoadCertificate(der);
        }
    }

    private static List<X509Extension> Changed(ReadOnlySpan<X509Extension> standard, CertificateSpec change)
    {
        List<X509Extension> extensions = [.. standard];
        if (change.IsAuthority is { } authority)
        {
            Put(new X509BasicConstraintsExtension(authority, change.PathLength is not null, change.PathLength ?? 0, critical: true), BasicConstraints);
        }

        if (change.KeyUsage is { } usage)
        {
            Put(Usage(usage), KeyUsage);
        }

        foreach (X509Extension extension in change.Extensions)
        {
            Put(extension, extension.Oid!.Value!);
        }

        extensions.RemoveAll(extension => change.WithoutExtensions.Contains(extension.Oid!.Value!));
        return extensions;

        void Put(X509Extension extension, string oid)
        {
            int at = extensions.FindIndex(item => item.Oid!.Value == oid);
            if (at < 0)
            {
                extensions.Add(extension);
            }
            else
            {
                extensions[at] = extension;
            }
        }
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
