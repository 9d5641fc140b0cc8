using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Tests;

/// <summary>Describes certificates by structure, so that a minted one can be laid beside a real one.</summary>
internal static class Der
{
    /// <summary>Version, signature algorithm, name attribute types, curve, and each extension with its criticality.</summary>
    public static IReadOnlyList<string> Structure(X509Certificate2 certificate) =>
    [
        "version " + certificate.Version,
        "signature " + certificate.SignatureAlgorithm.Value,
        "issuer " + Attributes(certificate.IssuerName),
        "subject " + Attributes(certificate.SubjectName),
        "key " + certificate.PublicKey.Oid.Value + " " + Convert.ToHexString(certificate.PublicKey.EncodedParameters!.RawData),
        .. certificate.Extensions.Select(extension => $"extension {extension.Oid!.Value} {extension.Critical}"),
    ];

    /// <summary>Every tag and object identifier of a DER value in order, with lengths of primitive values where asked for.</summary>
    public static IReadOnlyList<string> Tags(ReadOnlyMemory<byte> der)
    {
        var found = new List<string>();
        Walk(new AsnReader(der, AsnEncodingRules.DER), string.Empty, found);
        return found;
    }

    public static X509Certificate2Collection Pem(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem.TrimEnd('\0'));
        return certificates;
    }

    /// <summary>Whether the certificates lead from the first to the root given, at the time given.</summary>
    public static bool Chains(X509Certificate2Collection certificates, string rootPem, DateTimeOffset at)
    {
        using X509Certificate2 root = X509Certificate2.CreateFromPem(rootPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        return chain.Build(certificates[0]);
    }

    private static string Attributes(X500DistinguishedName name)
    {
        var reader = new AsnReader(name.RawData, AsnEncodingRules.DER).ReadSequence();
        var types = new List<string>();
        while (reader.HasData)
        {
            AsnReader pair = reader.ReadSetOf().ReadSequence();
            types.Add(pair.ReadObjectIdentifier() + ":" + pair.PeekTag().TagValue);
        }

        return string.Join(' ', types);
    }

    private static void Walk(AsnReader reader, string indent, List<string> found)
    {
        while (reader.HasData)
        {
            Asn1Tag tag = reader.PeekTag();
            if (tag.IsConstructed)
            {
                found.Add(indent + tag);
                ReadOnlyMemory<byte> content = reader.PeekContentBytes();
                reader.ReadEncodedValue();
                Walk(new AsnReader(content, AsnEncodingRules.DER), indent + " ", found);
            }
            else if (tag.HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
            {
                found.Add(indent + reader.ReadObjectIdentifier());
            }
            else
            {
                found.Add(indent + tag);
                reader.ReadEncodedValue();
            }
        }
    }
}
