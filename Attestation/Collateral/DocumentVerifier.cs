using System.Globalization;
using System.Numerics;
using Verathos.Attestation.Nvidia;
using Verathos.Attestation.Snp;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// Decides whether a document is what its kind and name say, and is signed by whom it must be, down to the pinned root. One that came
/// over the network, from a file or from the disk cache goes the same way; the time is not looked at.
/// </summary>
internal static class DocumentVerifier
{
    private const string PckLeafName = "Intel SGX PCK Certificate";

    /// <summary>What the document says; null with a problem where it does not hold.</summary>
    /// <param name="document">The document.</param>
    /// <param name="anchors">The roots.</param>
    /// <param name="item">What was asked for, where that is known: it may demand more than a name says.</param>
    /// <param name="problem">Why it does not hold.</param>
    public static DocumentFacts? Verify(CollateralDocument document, TrustAnchors anchors, CollateralItem? item, out string problem)
    {
        problem = "";
        (DocumentFacts? facts, string? found) = document.Kind switch
        {
            CollateralKind.TcbInfo => VerifyTcbInfo(document, anchors),
            CollateralKind.QeIdentity => VerifyQeIdentity(document, anchors),
            CollateralKind.PckCrl => VerifyPckCrl(document, anchors),
            CollateralKind.RootCaCrl => VerifyRootCrl(document, anchors),
            CollateralKind.PckCertificate => VerifyPck(document, anchors, item as CollateralItem.Pck),
            CollateralKind.Vcek => VerifyVcek(document, anchors),
            CollateralKind.AmdCrl => VerifyAmdCrl(document, anchors),
            CollateralKind.Rim => VerifyRim(document, anchors),
            CollateralKind.OcspAnswer => VerifyOcsp(document, anchors),
            _ => No("it is of no kind that is known here"),
        };
        if (facts is null)
        {
            problem = found!;
            return null;
        }

        // Who asked for one evaluation gets that one or none.
        if (int.TryParse(document.Channel, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && facts.Number != number)
        {
            problem = $"TCB evaluation number {number} was asked for, and it has {facts.Number}";
            return null;
        }

        return facts;
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyTcbInfo(CollateralDocument document, TrustAnchors anchors)
    {
        if (!TcbInfo.TryParse(document.Body, out TcbInfo? info, out ParseError error))
        {
            return No(error.ToString());
        }

        string name = CollateralItem.PlatformTcb.NameOf(info!.Id, Convert.ToHexStringLower(info.Fmspc.Span));
        return name != document.Name
            ? No($"it is the TCB info {name}")
            : VerifyIntel(document, anchors, info.Id, info.TcbEvaluationDataNumber, info.IssueDate, info.NextUpdate);
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyQeIdentity(CollateralDocument document, TrustAnchors anchors)
    {
        if (!QeIdentity.TryParse(document.Body, out QeIdentity? identity, out ParseError error))
        {
            return No(error.ToString());
        }

        return !identity!.Id.Equals(document.Name, StringComparison.OrdinalIgnoreCase)
            ? No($"it is the identity of {identity.Id}")
            : VerifyIntel(
                document, anchors, identity.Id == "TD_QE" ? "TDX" : "SGX", identity.TcbEvaluationDataNumber, identity.IssueDate, identity.NextUpdate);
    }

    // Intel numbers the evaluations of all platform families and enclaves of one TEE together, so their numbers rise together.
    private static (DocumentFacts? Facts, string? Problem) VerifyIntel(
        CollateralDocument document, TrustAnchors anchors, string tee, int number, DateTimeOffset issued, DateTimeOffset next)
    {
        if (!PemReader.TryRead(document.ChainPem.Span, out IReadOnlyList<Certificate> chain, out ParseError error))
        {
            return No($"the issuer's chain does not parse: {error}");
        }

        if (VerifiedCollateral.VerifyDocument(
            chain, anchors.IntelRootSpki.Span, document.Body, document.Signature, out CertificatePath? path) is { } problem)
        {
            return No(problem);
        }

        string root = RootId(path!);
        return Yes(new DocumentFacts { RootId = root, Issuer = $"tcb/{root}/{tee}", Number = number, Issued = issued, NextUpdate = next });
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyPckCrl(CollateralDocument document, TrustAnchors anchors)
    {
        if (!TryReadList(document, anchors.IntelRootSpki.Span, out RevocationList? list, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        if (path!.Certificates.Count != 2 || !path.Leaf.CommonName.Equals($"Intel SGX PCK {document.Name} CA", StringComparison.OrdinalIgnoreCase))
        {
            return No($"its issuer \"{path.Leaf.CommonName}\" is not the PCK {document.Name} CA");
        }

        return list!.IsSignedBy(path.Leaf) ? Yes(ListFacts(list, path, path.Leaf)) : No("it is not signed by its issuer");
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyRootCrl(CollateralDocument document, TrustAnchors anchors)
    {
        if (!TryReadList(document, anchors.IntelRootSpki.Span, out RevocationList? list, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        return list!.IsSignedBy(path!.Root) ? Yes(ListFacts(list, path, path.Root)) : No("it is not signed by the pinned root");
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyAmdCrl(CollateralDocument document, TrustAnchors anchors)
    {
        if (!SnpProducts.TryFind(document.Name, out SnpProduct product))
        {
            return No($"the product \"{document.Name}\" is unknown");
        }

        if (!TryReadList(document, anchors.AmdRootSpki(product).Span, out RevocationList? list, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        return list!.IsSignedBy(path!.Root) ? Yes(ListFacts(list, path, path.Root)) : No($"it is not signed by the pinned ARK of {product}");
    }

    private static bool TryReadList(
        CollateralDocument document, ReadOnlySpan<byte> pins, out RevocationList? list, out CertificatePath? path, out string problem)
    {
        path = null;
        problem = "";
        if (!RevocationList.TryParse(document.Body, out list, out ParseError error))
        {
            problem = error.ToString();
            return false;
        }

        if (!PemReader.TryRead(document.ChainPem.Span, out IReadOnlyList<Certificate> chain, out error))
        {
            problem = $"the issuer's chain does not parse: {error}";
            return false;
        }

        return CertificatePath.TryBuild(chain, pins, out path, out problem);
    }

    private static DocumentFacts ListFacts(RevocationList list, CertificatePath path, Certificate issuer) => new()
    {
        RootId = RootId(path),
        Issuer = $"crl/{Convert.ToHexStringLower(issuer.SpkiDigest.Span)}",
        Number = list.Number is { } number ? new BigInteger(number.Span, isUnsigned: false, isBigEndian: true) : null,
        Issued = list.ThisUpdate,
        NextUpdate = list.NextUpdate,
    };

    private static (DocumentFacts? Facts, string? Problem) VerifyPck(CollateralDocument document, TrustAnchors anchors, CollateralItem.Pck? item)
    {
        if (!PemReader.TryRead(document.Body.Span, out IReadOnlyList<Certificate> chain, out ParseError error))
        {
            return No(error.ToString());
        }

        if (!CertificatePath.TryBuild(chain, anchors.IntelRootSpki.Span, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        if (path!.Certificates.Count != 3 || path.Leaf.CommonName != PckLeafName || path.Leaf.IsAuthority)
        {
            return No($"\"{path.Leaf.CommonName}\" is not a PCK certificate");
        }

        return !PckExtensions.TryParse(path.Leaf, out PckExtensions? extensions, out error) ? No(error.ToString())
            : item?.Identity.Differs(extensions!) is { } difference ? No(difference)
            : Yes(PathFacts(path));
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyVcek(CollateralDocument document, TrustAnchors anchors)
    {
        if (!Certificate.TryParse(document.Body, out Certificate? leaf, out ParseError error)
            || !VcekExtensions.TryParse(leaf!, out VcekExtensions? extensions, out error))
        {
            return No(error.ToString());
        }

        if (extensions!.Kind != SnpSigningKey.Vcek || !SnpProducts.TryFind(extensions.ProductName, out SnpProduct product))
        {
            return No("it is not a VCEK certificate of a product that is known here");
        }

        if (CollateralItem.Vcek.NameOf(product, extensions.HardwareId!.Value.Span, extensions.Tcb) is var name && name != document.Name)
        {
            return No($"it is the certificate of another chip or TCB: {name}");
        }

        if (!PemReader.TryRead(document.ChainPem.Span, out IReadOnlyList<Certificate> authorities, out error))
        {
            return No($"the issuer's chain does not parse: {error}");
        }

        if (!CertificatePath.TryBuild([leaf!, .. authorities], anchors.AmdRootSpki(product).Span, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        return path!.Certificates.Count == 3 && !path.Leaf.IsAuthority ? Yes(PathFacts(path)) : No("it does not stand below an ASK and an ARK");
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyRim(CollateralDocument document, TrustAnchors anchors)
    {
        if (VerifiedRim.Verify(document.Body, anchors.NvidiaRimRootSpki.Span, out ParseError error) is not { } rim)
        {
            return No(error.ToString());
        }

        string name = CollateralItem.Rim.NameOf(rim.Product, rim.Version);
        return name != document.Name ? No($"it is the reference of {name}")
            : rim.Problem is { } problem ? No(problem)
            : Yes(PathFacts(rim.Path!));
    }

    private static (DocumentFacts? Facts, string? Problem) VerifyOcsp(CollateralDocument document, TrustAnchors anchors)
    {
        if (!OcspResponse.TryParse(document.Body, out OcspResponse? response, out ParseError error))
        {
            return No(error.ToString());
        }

        if (!PemReader.TryRead(document.ChainPem.Span, out IReadOnlyList<Certificate> chain, out error))
        {
            return No($"the chain that the answer is about does not parse: {error}");
        }

        if (!CertificatePath.TryBuild(chain, anchors.NvidiaDeviceRootSpki.Span, out CertificatePath? path, out string problem))
        {
            return No(problem);
        }

        if (path!.Certificates.Count < 2 || CollateralItem.Ocsp.NameOf(path.Leaf, path.Certificates[1]) != document.Name)
        {
            return No("it came with the chain of another certificate");
        }

        return response!.SignedAnswer(path.Leaf, path.Certificates[1]) is not { } answer ? No("it says nothing about that certificate that its issuer or responder signed")
            : answer.NextUpdate is not { } next ? No("it does not say how long it holds")
            : Yes(new DocumentFacts { RootId = RootId(path), Issued = answer.ThisUpdate, NextUpdate = next });
    }

    private static DocumentFacts PathFacts(CertificatePath path) => new()
    {
        RootId = RootId(path),
        Issued = path.Certificates.Max(certificate => certificate.NotBefore),
        NextUpdate = path.NotAfter,
    };

    private static string RootId(CertificatePath path) => Convert.ToHexStringLower(path.Root.SpkiDigest.Span[..8]);

    private static (DocumentFacts? Facts, string? Problem) Yes(DocumentFacts facts) => (facts, null);

    private static (DocumentFacts? Facts, string? Problem) No(string problem) => (null, problem);
}
