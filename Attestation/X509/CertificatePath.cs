using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.X509;

/// <summary>
/// A path from a leaf to a pinned root (RFC 5280 section 6), signatures verified, times not: <see cref="CheckValidity"/> does
/// that for a given time.
/// </summary>
internal sealed class CertificatePath
{
    private CertificatePath(Certificate[] certificates) => Certificates = certificates;

    /// <summary>Leaf first, root last.</summary>
    public IReadOnlyList<Certificate> Certificates { get; }

    /// <summary>The end entity.</summary>
    public Certificate Leaf => Certificates[0];

    /// <summary>The pinned root.</summary>
    public Certificate Root => Certificates[^1];

    /// <summary>When the first certificate of the path ends, inclusive.</summary>
    public DateTimeOffset NotAfter => Certificates.Min(certificate => certificate.NotAfter);

    /// <summary>
    /// Builds the one path that uses every given certificate once, in whatever order they came, and ends at a self-signed
    /// certificate whose SubjectPublicKeyInfo has a pinned SHA-256.
    /// </summary>
    /// <param name="certificates">The certificates.</param>
    /// <param name="rootSpki">One pin or several, 32 bytes each, one after another.</param>
    /// <param name="path">The path.</param>
    /// <param name="problem">Why there is none.</param>
    public static bool TryBuild(IReadOnlyList<Certificate> certificates, ReadOnlySpan<byte> rootSpki, out CertificatePath? path, out string problem)
    {
        path = null;
        problem = "";
        byte[] id = PathId(certificates, rootSpki);
        if (VerificationCache.Paths.TryGet(id, out path))
        {
            return true;
        }

        Certificate? root = null;
        foreach (Certificate certificate in certificates)
        {
            if (certificate.HasCriticalPurposes)
            {
                problem = $"\"{certificate.CommonName}\" is for other purposes only";
                return false;
            }

            if (IsSelfIssued(certificate))
            {
                if (root is not null)
                {
                    problem = "several self-issued certificates";
                    return false;
                }

                root = certificate;
            }
        }

        if (root is null)
        {
            problem = "no root certificate";
            return false;
        }

        if (!IsPinned(root.SpkiDigest.Span, rootSpki))
        {
            problem = $"the root \"{root.CommonName}\" is not the pinned one";
            return false;
        }

        Certificate? leaf = FindLeaf(certificates, root, ref problem);
        if (leaf is null)
        {
            return false;
        }

        List<Certificate> ordered = [leaf];
        while (!ReferenceEquals(ordered[^1], root))
        {
            Certificate? issuer = FindIssuer(certificates, ordered, ref problem);
            if (issuer is null)
            {
                return false;
            }

            ordered.Add(issuer);
        }

        if (ordered.Count != certificates.Count)
        {
            problem = "a certificate does not belong to the chain";
            return false;
        }

        // From the pinned root downwards, so that no key but one that the root vouches for is asked, and its answer kept.
        for (int i = ordered.Count - 1; i >= 0; i--)
        {
            Certificate signer = i + 1 < ordered.Count ? ordered[i + 1] : root;
            if (!ordered[i].IsSignedBy(signer))
            {
                problem = $"the signature of \"{ordered[i].CommonName}\" by \"{signer.CommonName}\" is wrong";
                return false;
            }
        }

        foreach (Certificate certificate in ordered)
        {
            VerificationCache.Certificates.Add(certificate.Thumbprint.Span, certificate);
        }

        path = VerificationCache.Paths.Add(id, new CertificatePath([.. ordered]));
        return true;
    }

    /// <summary>True where every certificate is valid at the time; otherwise names the first that is not.</summary>
    public bool CheckValidity(DateTimeOffset at, out string problem)
    {
        foreach (Certificate certificate in Certificates)
        {
            if (!certificate.IsValidAt(at))
            {
                problem = $"\"{certificate.CommonName}\" is valid from {certificate.NotBefore.Day()} to {certificate.NotAfter.Day()} only";
                return false;
            }
        }

        problem = "";
        return true;
    }

    private static Certificate? FindLeaf(IReadOnlyList<Certificate> certificates, Certificate root, ref string problem)
    {
        Certificate? leaf = null;
        foreach (Certificate candidate in certificates)
        {
            bool issues = false;
            foreach (Certificate other in certificates)
            {
                issues |= !ReferenceEquals(other, candidate) && other.IssuerName.Span.SequenceEqual(candidate.SubjectName.Span);
            }

            if (issues)
            {
                continue;
            }

            if (leaf is not null)
            {
                problem = "several end-entity certificates";
                return null;
            }

            leaf = candidate;
        }

        if (leaf is null || (ReferenceEquals(leaf, root) && certificates.Count > 1))
        {
            problem = "no end-entity certificate";
            return null;
        }

        return leaf;
    }

    private static Certificate? FindIssuer(IReadOnlyList<Certificate> certificates, List<Certificate> ordered, ref string problem)
    {
        Certificate subject = ordered[^1];
        Certificate? issuer = null;
        foreach (Certificate candidate in certificates)
        {
            if (!ordered.Contains(candidate) && candidate.SubjectName.Span.SequenceEqual(subject.IssuerName.Span))
            {
                if (issuer is not null)
                {
                    problem = $"several issuers of \"{subject.CommonName}\"";
                    return null;
                }

                issuer = candidate;
            }
        }

        if (issuer is null)
        {
            problem = $"the issuer of \"{subject.CommonName}\" is missing";
            return null;
        }

        // ordered.Count - 1 certificates stand between this issuer and the leaf.
        if (!issuer.IsAuthority || !issuer.MaySignCertificates || issuer.PathLength < ordered.Count - 1)
        {
            problem = $"\"{issuer.CommonName}\" may not issue \"{subject.CommonName}\"";
            return null;
        }

        return issuer;
    }

    private static bool IsSelfIssued(Certificate certificate) => certificate.IssuerName.Span.SequenceEqual(certificate.SubjectName.Span);

    private static bool IsPinned(ReadOnlySpan<byte> spki, ReadOnlySpan<byte> pins)
    {
        bool pinned = false;
        for (int i = 0; i + 32 <= pins.Length; i += 32)
        {
            pinned |= CryptographicOperations.FixedTimeEquals(spki, pins.Slice(i, 32));
        }

        return pinned;
    }

    private static byte[] PathId(IReadOnlyList<Certificate> certificates, ReadOnlySpan<byte> rootSpki)
    {
        // The pins go in by their digest, so that no pin can stand for a certificate.
        byte[] input = new byte[32 * (certificates.Count + 1)];
        SHA256.HashData(rootSpki, input);
        for (int i = 0; i < certificates.Count; i++)
        {
            certificates[i].Thumbprint.Span.CopyTo(input.AsSpan(32 * (i + 1)));
        }

        return SHA256.HashData(input);
    }
}
