using System.Security.Cryptography;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Collateral;

/// <summary>
/// Collateral with the outcome of every check that does not depend on the time or on the quote: chains to the pinned root and
/// signatures. A problem is null where the check passed.
/// </summary>
internal sealed class VerifiedCollateral
{
    private const string TcbSigningName = "Intel SGX TCB Signing";

    private VerifiedCollateral(QuoteCollateral collateral) => Collateral = collateral;

    public QuoteCollateral Collateral { get; }

    public CertificatePath? CrlPath { get; private init; }

    public CertificatePath? TcbInfoPath { get; private init; }

    public CertificatePath? QeIdentityPath { get; private init; }

    public string? CrlChainProblem { get; private init; }

    public string? CrlProblem { get; private init; }

    public string? TcbInfoProblem { get; private init; }

    public string? QeIdentityProblem { get; private init; }

    private bool Holds => CrlChainProblem is null && CrlProblem is null && TcbInfoProblem is null && QeIdentityProblem is null;

    /// <summary>Parses and verifies, or finds the earlier result for the same bytes and root.</summary>
    public static bool TryVerify(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> rootSpki, out VerifiedCollateral? verified, out ParseError error)
    {
        Span<byte> id = stackalloc byte[64];
        SHA256.HashData(json.Span, id);
        SHA256.HashData(rootSpki, id[32..]);
        byte[] key = SHA256.HashData(id);
        error = default;
        if (VerificationCache.Collateral.TryGet(key, out verified))
        {
            return true;
        }

        if (!QuoteCollateral.TryParse(json, out QuoteCollateral? collateral, out error))
        {
            return false;
        }

        // What nobody trusted signed is judged each time anew: kept, it would be memory that any sender fills.
        verified = Verify(collateral!, rootSpki);
        verified = verified.Holds ? VerificationCache.Collateral.Add(key, verified) : verified;
        return true;
    }

    private static VerifiedCollateral Verify(QuoteCollateral collateral, ReadOnlySpan<byte> rootSpki)
    {
        string? crlChainProblem = CertificatePath.TryBuild(collateral.PckCrlIssuerChain, rootSpki, out CertificatePath? crlPath, out string problem)
            ? null
            : problem;
        string? crlProblem = crlPath is null ? "not evaluated: the issuer's chain does not hold"
            : crlPath.Certificates.Count != 2 ? "the issuer's chain is not one CA under the root"
            : !collateral.RootCaCrl.IsSignedBy(crlPath.Root) ? "the root's CRL is not signed by the pinned root"
            : !collateral.PckCrl.IsSignedBy(crlPath.Leaf) ? "the PCK CRL is not signed by its issuer"
            : null;
        string? tcbInfoProblem = VerifyDocument(
            collateral.TcbInfoIssuerChain, rootSpki, collateral.TcbInfoBytes, collateral.TcbInfoSignature, out CertificatePath? tcbInfoPath);
        string? qeIdentityProblem = VerifyDocument(
            collateral.QeIdentityIssuerChain, rootSpki, collateral.QeIdentityBytes, collateral.QeIdentitySignature, out CertificatePath? qeIdentityPath);
        return new VerifiedCollateral(collateral)
        {
            CrlPath = crlPath,
            CrlChainProblem = crlChainProblem,
            CrlProblem = crlProblem,
            TcbInfoPath = tcbInfoPath,
            TcbInfoProblem = tcbInfoProblem,
            QeIdentityPath = qeIdentityPath,
            QeIdentityProblem = qeIdentityProblem,
        };
    }

    /// <summary>Why a signed document does not hold; null where its signer leads to the root, may sign it, and did.</summary>
    internal static string? VerifyDocument(
        IReadOnlyList<Certificate> chain, ReadOnlySpan<byte> rootSpki, ReadOnlyMemory<byte> document, ReadOnlyMemory<byte> signature,
        out CertificatePath? path)
    {
        if (!CertificatePath.TryBuild(chain, rootSpki, out path, out string problem))
        {
            return problem;
        }

        Certificate signer = path!.Leaf;

        // The name is what keeps a PCK key, which hangs under the same root, from signing collateral.
        if (path.Certificates.Count != 2 || signer.CommonName != TcbSigningName || signer.IsAuthority || !signer.MaySignData)
        {
            return $"\"{signer.CommonName}\" may not sign TCB information";
        }

        return signer.TryGetKey(out EcPublicKey? key) && key!.VerifyRaw(document.Span, signature.Span, HashAlgorithmName.SHA256)
            ? null
            : "the signature over the document is wrong";
    }
}
