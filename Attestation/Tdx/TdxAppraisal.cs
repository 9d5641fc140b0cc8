using System.Security.Cryptography;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tdx;

/// <summary>Verifies one TDX quote with its collateral, in the order of Intel's Quote Verification Library, and appraises it.</summary>
internal sealed class TdxAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string PckLeafName = "Intel SGX PCK Certificate";
    private const string PlatformCaName = "Intel SGX PCK Platform CA";
    private const string ProcessorCaName = "Intel SGX PCK Processor CA";

    private TdxQuote? _quote;
    private CertificatePath? _pckPath;
    private PckExtensions? _pck;
    private VerifiedCollateral? _collateral;

    /// <summary>The quote, where it parsed.</summary>
    public TdxQuote? Quote => _quote;

    /// <summary>Every check that needs no policy, in the order of Intel's library.</summary>
    public void Verify(ReadOnlyMemory<byte> quoteBytes, ReadOnlyMemory<byte>? collateral, TdxPolicy? policy)
    {
        if (!TdxQuote.TryParse(quoteBytes, out _quote, out ParseError error))
        {
            checks.Fail(CheckNames.QuoteFormat, error.ToString());
            checks.Unsupported |= error.IsUnsupported;
            checks.Malformed |= !error.IsUnsupported;
            return;
        }

        checks.Pass(CheckNames.QuoteFormat, "TDX quote version 4");
        AddClaims(_quote!);
        VerifyQuote(_quote!);
        VerifyCollateral(collateral);
        EvaluateTcb(_quote!);
        VerifyDebug(_quote!, policy);
    }

    /// <summary>The lines of the policy's section.</summary>
    public void AddPolicyLines(TdxPolicy policy)
    {
        if (_quote is not null)
        {
            TdxPolicyLines.Appraise(checks, policy, _quote, _pck, _collateral?.Collateral, at);
        }
    }

    private void VerifyQuote(TdxQuote quote)
    {
        // The chain of the PCK certificate.
        string? chainProblem = BuildPckPath(quote);
        checks.Add(CheckNames.QuoteChain, chainProblem, "the PCK certificate leads to the pinned root");

        // The PCK's signature over the quoting enclave's report.
        if (_pckPath is null)
        {
            checks.Skip(CheckNames.QuoteQeReportSignature, "there is no PCK certificate to trust");
        }
        else
        {
            bool signed = _pckPath.Leaf.TryGetKey(out EcPublicKey? pckKey)
                && pckKey!.VerifyRaw(quote.QeReport.Bytes.Span, quote.QeReportSignature.Span, HashAlgorithmName.SHA256);
            checks.Add(CheckNames.QuoteQeReportSignature, signed ? null : "the PCK did not sign this quoting enclave's report", "signed by the PCK");
        }

        // The attestation key belongs to that quoting enclave.
        Span<byte> expected = stackalloc byte[64];
        using (IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            hash.AppendData(quote.AttestationKey.Span);
            hash.AppendData(quote.QeAuthenticationData.Span);
            hash.GetHashAndReset(expected);
        }

        bool bound = CryptographicOperations.FixedTimeEquals(expected, quote.QeReport.ReportData);
        checks.Add(CheckNames.QuoteQeReportData, bound ? null : "the quoting enclave's report names another attestation key", "the report names the attestation key");

        // The attestation key's signature over header and body.
        bool quoteSigned = EcPublicKey.TryImportP256(quote.AttestationKey.Span, out EcPublicKey? key)
            && key!.VerifyRaw(quote.SignedBytes.Span, quote.Signature.Span, HashAlgorithmName.SHA256);
        checks.Add(CheckNames.QuoteSignature, quoteSigned ? null : "the attestation key did not sign this quote", "signed by the attestation key");
    }

    private string? BuildPckPath(TdxQuote quote)
    {
        if (!PemReader.TryRead(quote.PckChain.Span, out IReadOnlyList<Certificate> certificates, out ParseError error))
        {
            return error.ToString();
        }

        if (!CertificatePath.TryBuild(certificates, anchors.IntelRootSpki.Span, out CertificatePath? path, out string problem))
        {
            // The extensions are still read, so that the TCB status can be named beside the failure.
            foreach (Certificate certificate in certificates)
            {
                if (certificate.CommonName == PckLeafName && PckExtensions.TryParse(certificate, out PckExtensions? unverified, out _))
                {
                    _pck = unverified;
                }
            }

            return problem;
        }

        if (path!.Certificates.Count != 3)
        {
            return $"{path.Certificates.Count} certificates where a PCK, its CA and the root are required";
        }

        if (path.Leaf.CommonName != PckLeafName || path.Leaf.IsAuthority || !path.Leaf.MaySignData)
        {
            return $"\"{path.Leaf.CommonName}\" is not a PCK certificate";
        }

        if (path.Certificates[1].CommonName is not (PlatformCaName or ProcessorCaName))
        {
            return $"\"{path.Certificates[1].CommonName}\" is not a PCK CA";
        }

        if (!PckExtensions.TryParse(path.Leaf, out _pck, out error))
        {
            return error.ToString();
        }

        checks.Claim("tdx.fmspc", _pck!.Fmspc.Span);
        checks.Claim("tdx.ppid", _pck.Ppid.Span);
        _pckPath = path;
        checks.EndTrustAt(path.NotAfter);
        return path.CheckValidity(at, out problem) ? null : problem;
    }

    private void VerifyCollateral(ReadOnlyMemory<byte>? json)
    {
        string? missing = json is not { Length: > 0 } bytes ? "no collateral, so nothing says whether this platform is revoked or out of date"
            : VerifiedCollateral.TryVerify(bytes, anchors.IntelRootSpki.Span, out _collateral, out ParseError error) ? null
            : $"the collateral does not parse: {error}";
        if (!checks.Add(CheckNames.CollateralMissing, missing, "collateral is there") || _collateral is null)
        {
            return;
        }

        QuoteCollateral collateral = _collateral.Collateral;
        checks.Add(
            CheckNames.CollateralCrlChain, _collateral.CrlChainProblem ?? ValidityProblem(_collateral.CrlPath),
            "the CRLs' issuers lead to the pinned root");
        checks.Add(
            CheckNames.CollateralCrl,
            _collateral.CrlProblem ?? CrlIssuerProblem()
                ?? DateProblem("the root's CRL", collateral.RootCaCrl.ThisUpdate, collateral.RootCaCrl.NextUpdate)
                ?? DateProblem("the PCK CRL", collateral.PckCrl.ThisUpdate, collateral.PckCrl.NextUpdate),
            $"signed and in date; {collateral.PckCrl.Count} PCKs revoked");
        checks.Add(CheckNames.CollateralRevocation, RevocationProblem(), "no certificate of these chains is revoked");
        checks.Add(
            CheckNames.CollateralTcbInfo,
            _collateral.TcbInfoProblem ?? ValidityProblem(_collateral.TcbInfoPath)
                ?? (collateral.TcbInfo.Id == "TDX" ? null : $"the TCB info is for {collateral.TcbInfo.Id}")
                ?? DateProblem("the TCB info", collateral.TcbInfo.IssueDate, collateral.TcbInfo.NextUpdate),
            $"signed and in date; evaluation number {collateral.TcbInfo.TcbEvaluationDataNumber}");
        checks.Add(
            CheckNames.CollateralQeIdentity,
            _collateral.QeIdentityProblem ?? ValidityProblem(_collateral.QeIdentityPath)
                ?? DateProblem("the QE identity", collateral.QeIdentity.IssueDate, collateral.QeIdentity.NextUpdate),
            $"signed and in date; evaluation number {collateral.QeIdentity.TcbEvaluationDataNumber}");
        string? platformProblem = _pck is null ? "not evaluated: there is no PCK certificate"
            : !_pck.Fmspc.Span.SequenceEqual(collateral.TcbInfo.Fmspc.Span) ? "the TCB info is for another FMSPC"
            : !_pck.PceId.Span.SequenceEqual(collateral.TcbInfo.PceId.Span) ? "the TCB info is for another PCE"
            : null;
        checks.Add(CheckNames.CollateralFmspc, platformProblem, "the TCB info is for this platform");
        checks.Claim("tdx.tcbEvaluationNumber", collateral.TcbInfo.TcbEvaluationDataNumber.ToString(null, null));
        checks.EndTrustAt(collateral.TcbInfo.NextUpdate);
        checks.EndTrustAt(collateral.QeIdentity.NextUpdate);
        checks.EndTrustAt(collateral.PckCrl.NextUpdate);
        checks.EndTrustAt(collateral.RootCaCrl.NextUpdate);
        foreach (CertificatePath? path in new[] { _collateral.CrlPath, _collateral.TcbInfoPath, _collateral.QeIdentityPath })
        {
            if (path is not null)
            {
                checks.EndTrustAt(path.NotAfter);
            }
        }
    }

    private string? CrlIssuerProblem() =>
        _pckPath is null ? "not evaluated: there is no PCK certificate to trust"
        : _pckPath.Certificates[1].SubjectName.Span.SequenceEqual(_collateral!.CrlPath!.Leaf.SubjectName.Span)
            && _pckPath.Certificates[1].SpkiDigest.Span.SequenceEqual(_collateral.CrlPath.Leaf.SpkiDigest.Span) ? null
        : $"the PCK CRL is that of \"{_collateral.CrlPath.Leaf.CommonName}\", the PCK is issued by \"{_pckPath.Certificates[1].CommonName}\"";

    private string? RevocationProblem()
    {
        if (_pckPath is null || _collateral!.CrlPath is null)
        {
            return "not evaluated: a chain does not hold";
        }

        QuoteCollateral collateral = _collateral.Collateral;
        if (collateral.PckCrl.IsRevoked(_pckPath.Leaf))
        {
            return $"the PCK certificate {_pckPath.Leaf.SerialHex} is revoked";
        }

        foreach (CertificatePath? path in new[] { _pckPath, _collateral.CrlPath, _collateral.TcbInfoPath, _collateral.QeIdentityPath })
        {
            // Everything below the root that the root itself issued.
            if (path is { Certificates.Count: > 1 } && collateral.RootCaCrl.IsRevoked(path.Certificates[^2]))
            {
                return $"\"{path.Certificates[^2].CommonName}\" {path.Certificates[^2].SerialHex} is revoked";
            }
        }

        return null;
    }

    private void EvaluateTcb(TdxQuote quote)
    {
        if (_collateral is null || _pck is null)
        {
            string because = _collateral is null ? "there is no collateral" : "there is no PCK certificate";
            checks.Skip(CheckNames.TcbQeIdentity, because);
            checks.Skip(CheckNames.TcbModule, because);
            checks.Skip(CheckNames.TcbStatus, because);
            return;
        }

        TcbEvaluation evaluation = TcbEvaluation.Evaluate(
            quote.Body, quote.QeReport, _pck, _collateral.Collateral.TcbInfo, _collateral.Collateral.QeIdentity);
        checks.TcbStatus = evaluation.Status;
        checks.Advisories = evaluation.Advisories;
        checks.Add(CheckNames.TcbQeIdentity, evaluation.QeProblem, $"the quoting enclave is Intel's TD_QE, {evaluation.QuotingEnclave?.ToString() ?? "NoMatch"}");
        checks.Add(CheckNames.TcbModule, evaluation.ModuleProblem, $"the TDX module is known, {evaluation.Module?.ToString() ?? "judged with the platform"}");
        checks.Add(
            CheckNames.TcbStatus,
            evaluation.Status switch
            {
                Verdicts.TcbStatus.NoMatch => "no TCB level matches this platform",
                Verdicts.TcbStatus.Revoked => "the TCB level is revoked",
                _ => null,
            },
            evaluation.Status.ToString());
        checks.Claim("tdx.tcbStatus.platform", evaluation.Platform?.ToString() ?? "None");
        checks.Claim("tdx.tcbStatus.module", evaluation.Module?.ToString() ?? "n/a");
        checks.Claim("tdx.tcbStatus.quotingEnclave", evaluation.QuotingEnclave?.ToString() ?? "None");
        if (evaluation.TcbDate is { } date)
        {
            checks.Claim("tdx.tcbDate", date.UtcDateTime.ToString("yyyy-MM-dd", null));
        }
    }

    private void VerifyDebug(TdxQuote quote, TdxPolicy? policy)
    {
        if (policy?.DebugOff is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.QuoteDebug, waived.Waiver!, waived.Line);
            return;
        }

        string? line = policy?.DebugOff.Line;
        if (quote.Body.IsDebug)
        {
            checks.Fail(CheckNames.QuoteDebug, "the guest runs in debug mode: the host can read it", line);
        }
        else
        {
            checks.Pass(CheckNames.QuoteDebug, "debug is off", line);
        }
    }

    private string? ValidityProblem(CertificatePath? path) =>
        path is null ? "not evaluated: the chain does not hold" : path.CheckValidity(at, out string problem) ? null : problem;

    private string? DateProblem(string what, DateTimeOffset from, DateTimeOffset to) =>
        at < from ? $"{what} is from {from:yyyy-MM-dd HH:mm:ss}Z, later than the time of judgement"
        : at > to ? $"{what} expired on {to:yyyy-MM-dd HH:mm:ss}Z"
        : null;

    private void AddClaims(TdxQuote quote)
    {
        TdReport body = quote.Body;
        checks.Claim("tdx.teeTcbSvn", body.TeeTcbSvn.Span);
        checks.Claim("tdx.mrSeam", body.MrSeam.Span);
        checks.Claim("tdx.mrSignerSeam", body.MrSignerSeam.Span);
        checks.Claim("tdx.seamAttributes", body.SeamAttributes.Span);
        checks.Claim("tdx.tdAttributes", body.TdAttributes.Span);
        checks.Claim("tdx.xfam", body.Xfam.Span);
        checks.Claim("tdx.mrTd", body.MrTd.Span);
        checks.Claim("tdx.mrConfigId", body.MrConfigId.Span);
        checks.Claim("tdx.mrOwner", body.MrOwner.Span);
        checks.Claim("tdx.mrOwnerConfig", body.MrOwnerConfig.Span);
        for (int i = 0; i < 4; i++)
        {
            checks.Claim($"tdx.rtmr{i}", body.Rtmr(i).Span);
        }

        checks.Claim("tdx.reportData", body.ReportData.Span);
        checks.Claim("tdx.qeVendorId", quote.QeVendorId.Span);
        checks.Claim("tdx.qeSvn", quote.QeReport.IsvSvn.ToString(null, null));
    }
}
