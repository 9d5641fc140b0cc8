using System.Security.Cryptography;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Snp;

/// <summary>Verifies one SEV-SNP report with its certificates, and appraises it.</summary>
internal sealed class SnpAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string NoKey = "there is no certificate to trust";

    private SnpReport? _report;
    private SnpProduct _product;
    private SnpCollateral? _collateral;
    private CertificatePath? _path;
    private VcekExtensions? _key;

    /// <summary>The report, where it parsed.</summary>
    public SnpReport? Report => _report;

    /// <summary>Every check that needs no policy.</summary>
    public void Verify(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> collateral, string? productHint, SnpPolicy? policy)
    {
        if (!SnpReport.TryParse(bytes, out _report, out ParseError error))
        {
            checks.Fail(CheckNames.SnpFormat, error.ToString());
            checks.Unsupported |= error.IsUnsupported;
            checks.Malformed |= !error.IsUnsupported;
            return;
        }

        checks.Pass(CheckNames.SnpFormat, $"SEV-SNP report version {_report!.Version}");
        checks.Add(CheckNames.SnpProduct, FindProduct(productHint), $"{_product}");
        string? missing = collateral.IsEmpty ? "no certificate of the key that signed"
            : !SnpCollateral.TryParse(collateral, out _collateral, out error) ? $"the collateral does not parse: {error}"
            : _collateral!.Vcek is null && _collateral.Vlek is null ? "no certificate of the key that signed"
            : null;
        if (missing is null && _collateral!.Crl is null && policy?.RevocationListRequired is not { IsWaived: true })
        {
            checks.Fail(CheckNames.CollateralMissing, "no revocation list, so nothing says whether this key is revoked", policy?.RevocationListRequired.Line);
        }
        else
        {
            checks.Add(CheckNames.CollateralMissing, missing, "collateral is there");
        }

        checks.Add(CheckNames.SnpChain, BuildPath(), "the key's certificate leads to the pinned ARK");
        checks.Add(CheckNames.SnpKeyKind, KindProblem(), $"a {Name(_report.SigningKey)} certificate, as the report says");
        checks.Add(CheckNames.SnpSignature, SignatureProblem(), $"signed by the {Name(_report.SigningKey)}");
        checks.Add(CheckNames.SnpHardwareId, HardwareProblem(), _report.SigningKey == SnpSigningKey.Vlek ? "a VLEK names no chip" : "the certificate is this chip's");
        checks.Add(CheckNames.SnpTcb, TcbProblem(), "the certificate's TCB is the reported one");
        VerifyRevocation(policy?.RevocationListRequired);
        VerifyDebug(policy?.DebugOff);
        SnpClaims.Add(checks, _report, _product, _key);
        if (_path is not null)
        {
            checks.EndTrustAt(_path.NotAfter);
        }
    }

    /// <summary>The lines of the policy's section.</summary>
    public void AddPolicyLines(SnpPolicy policy)
    {
        if (_report is not null)
        {
            SnpPolicyLines.Appraise(checks, policy, _report, _product, _collateral?.Crl, at);
        }
    }

    private string? FindProduct(string? hint)
    {
        SnpProduct hinted = SnpProduct.Unknown;
        if (hint is not null && !SnpProducts.TryFind(hint, out hinted))
        {
            return $"the product \"{hint}\" is unknown; there are Milan, Genoa (Bergamo, Siena) and Turin";
        }

        if (_report!.Family is not { } family || _report.Model is not { } model)
        {
            _product = hinted;
            return hinted == SnpProduct.Unknown ? $"a report of version {_report.Version} does not say its product, and none was given" : null;
        }

        _product = SnpProducts.Of(family, model);
        return _product == SnpProduct.Unknown ? $"no product of CPUID family {family:x} and model {model:x} is known"
            : hinted != SnpProduct.Unknown && hinted != _product ? $"the report is of {_product}, {hinted} was given"
            : null;
    }

    private string? BuildPath()
    {
        Certificate? leaf = _report!.SigningKey == SnpSigningKey.Vlek ? _collateral?.Vlek ?? _collateral?.Vcek : _collateral?.Vcek ?? _collateral?.Vlek;
        if (leaf is null)
        {
            return "not evaluated: " + NoKey;
        }

        ReadOnlyMemory<byte> pins = anchors.AmdRootSpki(_product);
        string problem = "these trust anchors hold no AMD root";
        if (pins.IsEmpty)
        {
            return problem;
        }

        foreach (IReadOnlyList<Certificate> certificates in Candidates(leaf))
        {
            if (!CertificatePath.TryBuild(certificates, pins.Span, out CertificatePath? path, out problem))
            {
                continue;
            }

            if (path!.Certificates.Count != 3 || path.Leaf.IsAuthority)
            {
                return $"{path.Certificates.Count} certificates where a key's, its ASK and the ARK are required";
            }

            if (!VcekExtensions.TryParse(path.Leaf, out _key, out ParseError error))
            {
                return error.ToString();
            }

            _path = path;
            return path.CheckValidity(at, out problem) ? null : problem;
        }

        return problem;
    }

    // As given; where intermediate or root were not, AMD's own stand in. Which of them fits says the issuer's name, and the
    // signature whether it does.
    private IEnumerable<IReadOnlyList<Certificate>> Candidates(Certificate leaf)
    {
        if (_collateral!.Ask is { } ask && _collateral.Ark is { } ark)
        {
            yield return [leaf, ask, ark];
            yield break;
        }

        SnpProduct[] products = _product == SnpProduct.Unknown ? [SnpProduct.Milan, SnpProduct.Genoa, SnpProduct.Turin] : [_product];
        bool found = false;
        foreach (SnpProduct product in products)
        {
            foreach (SnpSigningKey kind in new[] { SnpSigningKey.Vcek, SnpSigningKey.Vlek })
            {
                IReadOnlyList<Certificate> known = AmdAuthorities.Of(product, kind);
                if (known.Count == 2 && known[0].SubjectName.Span.SequenceEqual(leaf.IssuerName.Span))
                {
                    found = true;
                    yield return [leaf, _collateral.Ask ?? known[0], _collateral.Ark ?? known[1]];
                }
            }
        }

        if (!found)
        {
            yield return [.. new[] { leaf, _collateral.Ask, _collateral.Ark }.OfType<Certificate>()];
        }
    }

    private string? KindProblem()
    {
        if (_report!.SigningKey is not (SnpSigningKey.Vcek or SnpSigningKey.Vlek))
        {
            return $"SIGNING_KEY is {(int)_report.SigningKey}: the report is not signed by a VCEK or VLEK";
        }

        if (_path is null || _key is null)
        {
            return "not evaluated: " + NoKey;
        }

        if (_key.Kind != _report.SigningKey)
        {
            return $"the certificate is {(_key.Kind is { } kind ? "a " + Name(kind) : "neither a VCEK nor a VLEK")}, the report says {Name(_report.SigningKey)}";
        }

        // The ASK signs chips' keys and the ASVK lent ones; each has its name.
        bool lender = _path.Certificates[1].CommonName.StartsWith("SEV-VLEK-", StringComparison.Ordinal);
        if (lender != (_key.Kind == SnpSigningKey.Vlek))
        {
            return $"\"{_path.Certificates[1].CommonName}\" does not issue {Name(_report.SigningKey)} certificates";
        }

        return SnpProducts.TryFind(_key.ProductName, out SnpProduct named) && (_product == SnpProduct.Unknown || named == _product)
            ? null
            : $"the certificate is for {_key.ProductName}, the report is of {_product}";
    }

    private string? SignatureProblem() =>
        _path is null ? "not evaluated: " + NoKey
        : _report!.SigningKey == SnpSigningKey.None ? "the report is not signed"
        : _path.Leaf.TryGetKey(out EcPublicKey? key) && key!.KeySize == 384
            && key.VerifyRaw(_report.SignedBytes.Span, _report.GetSignature(), HashAlgorithmName.SHA384) ? null
        : "the key did not sign this report";

    private string? HardwareProblem()
    {
        if (_path is null || _key is null)
        {
            return "not evaluated: " + NoKey;
        }

        if (_report!.SigningKey == SnpSigningKey.Vlek)
        {
            return _key.HardwareId is null ? null : "a VLEK certificate names a chip";
        }

        if (_key.HardwareId is not { } id)
        {
            return "the VCEK certificate names no chip";
        }

        if (_report.IsChipIdMasked)
        {
            return "the host left the chip identifier out of the report";
        }

        bool turin = _product == SnpProduct.Turin || (_product == SnpProduct.Unknown && id.Length == 8);
        ReadOnlySpan<byte> chip = _report.ChipId.Span;
        bool same = id.Length == (turin ? 8 : 64) && chip[..id.Length].SequenceEqual(id.Span) && !chip[id.Length..].ContainsAnyExcept((byte)0);
        return same ? null : "the VCEK certificate is another chip's";
    }

    private string? TcbProblem()
    {
        if (_path is null || _key is null)
        {
            return "not evaluated: " + NoKey;
        }

        SnpProduct order = _product == SnpProduct.Unknown && SnpProducts.TryFind(_key.ProductName, out SnpProduct named) ? named : _product;
        SnpTcb reported = SnpTcb.Read(_report!.ReportedTcb.Span, order);
        if (!reported.ReservedZero)
        {
            return "reserved bytes of the reported TCB are not zero";
        }

        // The FMC came with Turin: a certificate that names one where the product has none, or the reverse, is another product's.
        return reported == _key.Tcb ? null : $"the certificate is for {_key.Tcb}, the report says {reported}";
    }

    private void VerifyRevocation(PolicyField<bool>? required)
    {
        if (required is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.SnpRevocation, waived.Waiver!, waived.Line);
            return;
        }

        RevocationList? list = _collateral?.Crl;
        string? problem = list is null ? "not evaluated: there is no revocation list"
            : _path is null ? "not evaluated: " + NoKey
            : !list.IsSignedBy(_path.Root) ? "the list is not signed by the chain's ARK"
            : at < list.ThisUpdate ? $"the list is from {list.ThisUpdate.Text()}, later than the time of judgement"
            : at > list.NextUpdate ? $"the list expired on {list.NextUpdate.Text()}"
            : list.IsRevoked(_path.Certificates[1]) ? $"\"{_path.Certificates[1].CommonName}\" {_path.Certificates[1].SerialHex} is revoked"
            : null;
        if (problem is null)
        {
            checks.Pass(CheckNames.SnpRevocation, $"signed and in date; {list!.Count} certificates revoked", required?.Line);
        }
        else
        {
            checks.Fail(CheckNames.SnpRevocation, problem, required?.Line);
        }

        if (list is not null)
        {
            checks.EndTrustAt(list.NextUpdate);
        }
    }

    private void VerifyDebug(PolicyField<bool>? debugOff)
    {
        if (debugOff is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.SnpDebug, waived.Waiver!, waived.Line);
        }
        else if (_report!.IsDebug)
        {
            checks.Fail(CheckNames.SnpDebug, "the guest's policy allows debugging: the host can read it", debugOff?.Line);
        }
        else
        {
            checks.Pass(CheckNames.SnpDebug, "debug is off", debugOff?.Line);
        }
    }

    private static string Name(SnpSigningKey key) => key switch
    {
        SnpSigningKey.Vcek => "VCEK",
        SnpSigningKey.Vlek => "VLEK",
        _ => $"key {(int)key}",
    };
}
