using System.Security.Cryptography;
using System.Security.Cryptography.Xml;
using System.Xml;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>
/// The enveloped XML signature of a RIM (XML Signature Syntax and Processing 1.1): exactly the one shape that NVIDIA uses, over
/// the whole document, with ECDSA P-384 and SHA-384 and canonicalisation 1.1.
/// </summary>
/// <remarks>
/// Canonical XML 1.1 differs from 1.0 only for documents with attributes in the xml namespace; those are refused, so that the
/// 1.0 transform gives the 1.1 bytes.
/// </remarks>
internal static class RimSignature
{
    private const string SignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";
    private const string Canonicalization11 = "http://www.w3.org/2006/12/xml-c14n11";
    private const string EnvelopedSignature = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    private const string EcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
    private const string Sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
    private const string XmlNamespace = "http://www.w3.org/XML/1998/namespace";
    private const string XmlnsNamespace = "http://www.w3.org/2000/xmlns/";

    /// <summary>Verifies digest and signature. The path is set as soon as the certificates lead to the pinned root.</summary>
    public static bool TryVerify(XmlDocument document, ReadOnlySpan<byte> rootSpki, out CertificatePath? path, out string problem)
    {
        path = null;
        XmlElement root = document.DocumentElement!;
        if (document.SelectSingleNode("//@*[namespace-uri()='" + XmlNamespace + "']") is not null)
        {
            problem = "attributes in the xml namespace are not supported";
            return false;
        }

        if (!TryOnlyChild(root, "Signature", out XmlElement? signature) || root.GetElementsByTagName("Signature", SignatureNamespace).Count != 1)
        {
            problem = "exactly one signature, under the root, is required";
            return false;
        }

        if (!TryReadShape(signature!, out XmlElement? signedInfo, out byte[] digest, out byte[] signatureValue, out problem)
            || !TryReadCertificates(signature!, out List<Certificate> certificates, out problem))
        {
            return false;
        }

        byte[] computed = SHA384.HashData(CanonicalDocument(document));
        if (!CryptographicOperations.FixedTimeEquals(computed, digest))
        {
            problem = "the document was changed: its digest is not the signed one";
            return false;
        }

        if (!CertificatePath.TryBuild(certificates, rootSpki, out path, out problem))
        {
            problem = $"the signer's chain does not hold: {problem}";
            return false;
        }

        if (path!.Leaf.IsAuthority || !path.Leaf.MaySignData)
        {
            problem = $"\"{path.Leaf.CommonName}\" may not sign reference measurements";
            return false;
        }

        if (!path.Leaf.TryGetKey(out EcPublicKey? key) || key!.KeySize != 384
            || !key.VerifyRaw(CanonicalSignedInfo(signedInfo!), signatureValue, HashAlgorithmName.SHA384))
        {
            problem = "the signature is wrong";
            return false;
        }

        return true;
    }

    private static bool TryReadShape(XmlElement signature, out XmlElement? signedInfo, out byte[] digest, out byte[] signatureValue, out string problem)
    {
        digest = [];
        signatureValue = [];
        problem = "the signature has another shape than NVIDIA's";
        if (!TryOnlyChild(signature, "SignedInfo", out signedInfo)
            || !TryOnlyChild(signedInfo!, "CanonicalizationMethod", out XmlElement? canonicalization) || canonicalization!.GetAttribute("Algorithm") != Canonicalization11
            || !TryOnlyChild(signedInfo!, "SignatureMethod", out XmlElement? method) || method!.GetAttribute("Algorithm") != EcdsaSha384
            || !TryOnlyChild(signedInfo!, "Reference", out XmlElement? reference) || !reference!.HasAttribute("URI") || reference.GetAttribute("URI").Length != 0
            || !TryOnlyChild(reference, "Transforms", out XmlElement? transforms)
            || !TryOnlyChild(reference, "DigestMethod", out XmlElement? digestMethod) || digestMethod!.GetAttribute("Algorithm") != Sha384
            || !TryOnlyChild(reference, "DigestValue", out XmlElement? digestValue)
            || !TryOnlyChild(signature, "SignatureValue", out XmlElement? value))
        {
            return false;
        }

        string[] algorithms = [.. transforms!.ChildNodes.OfType<XmlElement>().Select(element => element.GetAttribute("Algorithm"))];
        if (!algorithms.SequenceEqual([EnvelopedSignature, Canonicalization11]))
        {
            return false;
        }

        return TryBase64(digestValue!, out digest) && TryBase64(value!, out signatureValue);
    }

    private static bool TryReadCertificates(XmlElement signature, out List<Certificate> certificates, out string problem)
    {
        certificates = [];
        problem = "the signer's certificates are missing";
        if (!TryOnlyChild(signature, "KeyInfo", out XmlElement? keyInfo) || !TryOnlyChild(keyInfo!, "X509Data", out XmlElement? data))
        {
            return false;
        }

        foreach (XmlElement element in data!.ChildNodes.OfType<XmlElement>())
        {
            if (element.LocalName != "X509Certificate" || element.NamespaceURI != SignatureNamespace || !TryBase64(element, out byte[] der)
                || !Certificate.TryParse(der, out Certificate? certificate, out _) || certificates.Count == 16)
            {
                problem = "X509Data holds something other than certificates";
                return false;
            }

            certificates.Add(certificate!);
        }

        return certificates.Count > 0;
    }

    private static byte[] CanonicalDocument(XmlDocument document)
    {
        XmlDocument copy = new() { PreserveWhitespace = true, XmlResolver = null };
        copy.AppendChild(copy.ImportNode(document.DocumentElement!, deep: true));
        XmlElement root = copy.DocumentElement!;
        TryOnlyChild(root, "Signature", out XmlElement? signature);
        root.RemoveChild(signature!);
        return Canonicalize(copy);
    }

    private static byte[] CanonicalSignedInfo(XmlElement signedInfo)
    {
        XmlDocument copy = new() { PreserveWhitespace = true, XmlResolver = null };
        XmlElement root = (XmlElement)copy.AppendChild(copy.ImportNode(signedInfo, deep: true))!;

        // In the document SignedInfo is in scope of its ancestors' namespaces, and canonicalisation writes those out.
        for (XmlNode? ancestor = signedInfo.ParentNode; ancestor is XmlElement element; ancestor = ancestor.ParentNode)
        {
            foreach (XmlAttribute attribute in element.Attributes)
            {
                if (attribute.NamespaceURI == XmlnsNamespace && !root.HasAttribute(attribute.Name))
                {
                    root.SetAttribute(attribute.Name, attribute.Value);
                }
            }
        }

        return Canonicalize(copy);
    }

    private static byte[] Canonicalize(XmlDocument document)
    {
        XmlDsigC14NTransform transform = new();
        transform.LoadInput(document);
        using Stream stream = (Stream)transform.GetOutput(typeof(Stream));
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static bool TryOnlyChild(XmlElement parent, string name, out XmlElement? only)
    {
        only = null;
        foreach (XmlNode node in parent.ChildNodes)
        {
            if (node is XmlElement element && element.LocalName == name && element.NamespaceURI == SignatureNamespace)
            {
                if (only is not null)
                {
                    return false;
                }

                only = element;
            }
        }

        return only is not null;
    }

    private static bool TryBase64(XmlElement element, out byte[] bytes)
    {
        return Base64Text.TryDecode(element.InnerText, out bytes);
    }
}
