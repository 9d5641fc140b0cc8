using System.Security.Cryptography;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Tdx;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Dcap;

/// <summary>Verifies one quote with its collateral, in the order of Intel's Quote Verification Library, and appraises it.</summary>
internal sealed class DcapAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string PckLeafName = "Intel SGX PCK Certificate";
    private const string PlatformCaName = "Intel SGX PCK Platform CA";
    private const string ProcessorCaName = "Intel SGX PCK Processor CA";

    private DcapQuote? _quote;
    private CertificatePath? _pckPath;
    private PckExtensions? _pck;
    private VerifiedCollateral? _collateral;
    private TcbEvaluation? _evaluation;

    /// <summary>The quote, where it parsed.</summary>
    public DcapQuote? Quote => _quote;

    /// <summary>True where only a TDX guest's quote will do.</summary>
    public bool TdxOnly { get; init; }

    private string Prefix => _quote!.IsTdx ? "tdx" : "sgx";

    /// <summary>Every check that needs no policy, in the order of Intel's library.</summary>
    public void Verify(ReadOnlyMemory<byte> quoteBytes, ReadOnlyMemory<byte>? collateral, PolicyField<bool>? debugOff)
    {
        if (!DcapQuote.TryParse(quoteBytes, out _quote, out ParseError error))
        {
            checks.Fail(CheckNames.QuoteFormat, error.ToString());
            checks.Unsupported |= error.IsUnsupported;
            checks.Malformed |= !error.IsUnsupported;
            return;
        }

        if (TdxOnly && !_quote!.IsTdx)
        {
            checks.Fail(CheckNames.QuoteFormat, "this is an SGX enclave's quote, where a TDX guest's is required");
            checks.Unsupported = true;
            _quote = null;
            return;
        }

        checks.Pass(CheckNames.QuoteFormat, $"{(_quote!.IsTdx ? "TDX" : "SGX")} quote version {_quote.Version}");
        DcapClaims.Add(checks, _quote);

        // Read ahead of its turn: a quote may leave its PCK certificate to the collateral.
        string? missing = collateral is not { Length: > 0 } bytes ? "no collateral, so nothing says whether this platform is revoked or out of date"
            : VerifiedCollateral.TryVerify(bytes, anchors.IntelRootSpki.Span, out _collateral, out error) ? null
            : $"the collateral does not parse: {error}";
        VerifyQuote(_quote);
        VerifyCollateral(missing);
        EvaluateTcb(_quote);
        VerifyDebug(_quote, debugOff);
    }

    /// <summary>The lines of the policy's section.</summary>
    public void AddPolicyLines(TdxPolicy policy)
    {
        if (_quote is { IsTdx: true })
        {
            TdxPolicyLines.Appraise(checks, policy, _quote, _pck, _collateral?.Collateral, _evaluation, at);
        }
    }

    /// <summary>The lines of the policy's section <c>sgx</c>.</summary>
    public void AddPolicyLines(SgxPolicy policy)
    {
        if (_quote is { IsTdx: false })
        {
            QuotePolicyLines.Appraise(checks, policy.Quote, _quote, _pck, _collateral?.Collateral, _evaluation, at);
            SgxPolicyLines.Appraise(checks, policy, _quote.Enclave!.Value);
        }
    }

    /// <summary>The check of an event log that came along: its registers are the quote's.</summary>
    public void AddEventLog(ReadOnlyMemory<byte> log)
    {
        if (_quote?.Td is not { } report)
        {
            checks.Fail(CheckNames.TdxEventLog, "an event log belongs to a TDX guest's quote");
            return;
        }

        checks.Add(
            CheckNames.TdxEventLog, EventLog.TryParse(log, out EventLog? events, out ParseError error) ? events!.Differs(report) : error.ToString(),
            $"{events?.Events.Count} events lead to the quote's registers");
    }

    private void VerifyQuote(DcapQuote quote)
    {
        DcapSignatureData proof = quote.Signature;

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
                && pckKey!.VerifyRaw(proof.QeReport.Bytes.Span, proof.QeReportSignature.Span, HashAlgorithmName.SHA256);
            checks.Add(CheckNames.QuoteQeReportSignature, signed ? null : "the PCK did not sign this quoting enclave's report", "signed by the PCK");
        }

        // The attestation key belongs to that quoting enclave.
        Span<byte> expected = stackalloc byte[64];
        using (IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            hash.AppendData(proof.AttestationKey.Span);
            hash.AppendData(proof.QeAuthenticationData.Span);
            hash.GetHashAndReset(expected);
        }

        bool bound = CryptographicOperations.FixedTimeEquals(expected, proof.QeReport.ReportData);
        checks.Add(CheckNames.QuoteQeReportData, bound ? null : "the quoting enclave's report names another attestation key", "the report names the attestation key");

        // The attestation key's signature over header and body.
        bool wide = quote.KeyType == AttestationKeyType.EcdsaP384;
        bool quoteSigned = EcPublicKey.TryImportPoint(proof.AttestationKey.Span, out EcPublicKey? key)
            && key!.VerifyRaw(quote.SignedBytes.Span, proof.Signature.Span, wide ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        checks.Add(CheckNames.QuoteSignature, quoteSigned ? null : "the attestation key did not sign this quote", "signed by the attestation key");
    }

    private string? BuildPckPath(DcapQuote quote)
    {
        if (!TryFindCertificates(quote.Signature, out IReadOnlyList<Certificate> certificates, out string? missing))
        {
            return missing;
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

        if (!PckExtensions.TryParse(path.Leaf, out _pck, out ParseError error))
        {
            return error.ToString();
        }

        checks.Claim($"{Prefix}.fmspc", _pck!.Fmspc.Span);
        checks.Claim($"{Prefix}.ppid", _pck.Ppid.Span);
        DcapSignatureData proof = quote.Signature;
        if (proof.CertificationType <= CertificationDataType.PpidRsa3072
            && new PckIdentity(proof.CertificationData, proof.CertificationType).Differs(_pck) is { } difference)
        {
            return difference;
        }

        _pckPath = path;
        checks.EndTrustAt(path.NotAfter);
        return path.CheckValidity(at, out problem) ? null : problem;
    }

    private bool TryFindCertificates(DcapSignatureData proof, out IReadOnlyList<Certificate> certificates, out string? problem)
    {
        certificates = [];
        problem = null;
        QuoteCollateral? collateral = _collateral?.Collateral;
        List<Certificate> found = [];
        if (proof.CertificationType >= CertificationDataType.PckLeaf)
        {
            if (!PemReader.TryRead(proof.CertificationData.Span, out IReadOnlyList<Certificate> carried, out ParseError error))
            {
                problem = error.ToString();
                return false;
            }

            // Nothing signs the type: it has to be what it says, or a changed one would go unseen.
            if (carried.Count == 1 != (proof.CertificationType == CertificationDataType.PckLeaf))
            {
                problem = $"certification data of type {(int)proof.CertificationType} with {carried.Count} certificates; type 4 is a PCK certificate alone, type 5 its chain";
                return false;
            }

            found.AddRange(carried);
        }
        else if (collateral?.PckCertificateChain is { } given)
        {
            found.AddRange(given);
        }
        else
        {
            problem = $"the quote names its PCK by certification data of type {(int)proof.CertificationType}, and the collateral has no pck_certificate_chain";
            return false;
        }

        if (found.Count == 1)
        {
            // A lone leaf: the CA that issued it is the one whose CRL came with the collateral.
            if (collateral is null)
            {
                problem = "the quote carries the PCK certificate alone, and there is no collateral with its CA";
                return false;
            }

            found.AddRange(collateral.PckCrlIssuerChain);
        }

        certificates = found;
        return true;
    }

    private void VerifyCollateral(string? missing)
    {
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
                ?? (collateral.TcbInfo.Id == (_quote!.IsTdx ? "TDX" : "SGX") ? null : $"the TCB info is for {collateral.TcbInfo.Id}")
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
        checks.Claim($"{Prefix}.tcbEvaluationNumber", collateral.TcbInfo.TcbEvaluationDataNumber.ToString(null, null));
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

    private void EvaluateTcb(DcapQuote quote)
    {
        if (_collateral is null || _pck is null)
        {
            string because = _collateral is null ? "there is no collateral" : "there is no PCK certificate";
            checks.Skip(CheckNames.TcbQeIdentity, because);
            if (quote.IsTdx)
            {
                checks.Skip(CheckNames.TcbModule, because);
            }

            checks.Skip(CheckNames.TcbStatus, because);
            return;
        }

        TcbEvaluation evaluation = _evaluation = TcbEvaluation.Evaluate(quote, _pck, _collateral.Collateral.TcbInfo, _collateral.Collateral.QeIdentity);
        checks.TcbStatus = evaluation.Status;
        checks.Advisories = evaluation.Advisories;
        string qe = quote.IsTdx ? "TD_QE" : "QE";
        checks.Add(CheckNames.TcbQeIdentity, evaluation.QeProblem, $"the quoting enclave is Intel's {qe}, {evaluation.QuotingEnclave?.ToString() ?? "NoMatch"}");
        if (quote.IsTdx)
        {
            checks.Add(CheckNames.TcbModule, evaluation.ModuleProblem, $"the TDX module is known, {evaluation.Module?.ToString() ?? "judged with the platform"}");
        }

        string? problem = evaluation switch
        {
            { Status: TcbStatus.NoMatch } => "no TCB level matches this platform",
            { Status: TcbStatus.Revoked } => "the TCB level is revoked",
            { Current: TcbStatus.Revoked } => "the TCB level of the TDX module that runs now is revoked",
            _ => null,
        };
        checks.Add(CheckNames.TcbStatus, problem, evaluation.Status.ToString());
        checks.Claim($"{Prefix}.tcbStatus.platform", evaluation.Platform?.ToString() ?? "None");
        checks.Claim($"{Prefix}.tcbStatus.module", evaluation.Module?.ToString() ?? "n/a");
        checks.Claim($"{Prefix}.tcbStatus.quotingEnclave", evaluation.QuotingEnclave?.ToString() ?? "None");
        if (evaluation.Current is { } current)
        {
            checks.Claim("tdx.tcbStatus.current", current.ToString());
        }

        if (evaluation.TcbDate is { } date)
        {
            checks.Claim($"{Prefix}.tcbDate", date.Day());
            checks.Claim($"{Prefix}.minimumTcbDate", evaluation.MinimumTcbDate!.Value.Day());
            checks.Claim(
                $"{Prefix}.tcbBehind",
                $"{evaluation.LevelsBehind} TCB dates, {(evaluation.NewestTcbDate!.Value - date).Days} days behind {evaluation.NewestTcbDate.Value.Day()}");
            ClaimBehind("module", evaluation.ModuleDates);
            ClaimBehind("quotingEnclave", evaluation.QuotingEnclaveDates);
        }
    }

    private void ClaimBehind(string part, (DateTimeOffset Matched, DateTimeOffset Newest)? dates) =>
        checks.Claim($"{Prefix}.tcbBehind.{part}", dates is { } pair ? $"{(pair.Newest - pair.Matched).Days} days behind {pair.Newest.Day()}" : "n/a");

    private void VerifyDebug(DcapQuote quote, PolicyField<bool>? debugOff)
    {
        if (debugOff is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.QuoteDebug, waived.Waiver!, waived.Line);
            return;
        }

        if (quote.IsDebug)
        {
            checks.Fail(CheckNames.QuoteDebug, $"the {(quote.IsTdx ? "guest" : "enclave")} runs in debug mode: the host can read it", debugOff?.Line);
        }
        else
        {
            checks.Pass(CheckNames.QuoteDebug, "debug is off", debugOff?.Line);
        }
    }

    private string? ValidityProblem(CertificatePath? path) =>
        path is null ? "not evaluated: the chain does not hold" : path.CheckValidity(at, out string problem) ? null : problem;

    private string? DateProblem(string what, DateTimeOffset from, DateTimeOffset to) =>
        at < from ? $"{what} is from {from.Text()}, later than the time of judgement"
        : at > to ? $"{what} expired on {to.Text()}"
        : null;
}
