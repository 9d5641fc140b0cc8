using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Azure;

/// <summary>
/// Verifies what an Azure guest shows. The layer below the guest owns the hardware's report data, so the chain is: the hardware's
/// report binds the runtime data, which holds the attestation key, which signs the TPM quote, whose qualifying data is the nonce.
/// </summary>
internal sealed class AzureAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    /// <summary>Every check, and the lines of the hardware's section.</summary>
    public void Verify(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? nonce, string? product, Policy? policy)
    {
        HclReport? hcl = null;
        if (!AzureBundle.TryParse(evidence, out AzureBundle? bundle, out ParseError error) || !HclReport.TryParse(bundle!.HclReport, out hcl, out error))
        {
            checks.Fail(CheckNames.HclFormat, error.ToString());
            checks.Unsupported |= error.IsUnsupported;
            checks.Malformed |= !error.IsUnsupported;
            return;
        }

        checks.Pass(CheckNames.HclFormat, $"HCL report over {(hcl!.IsTdx ? "TDX" : "SEV-SNP")}");
        if (!Appraiser.HasSection(checks, policy, policy?.AzureHcl, "azureHcl"))
        {
            return;
        }

        if (hcl.IsTdx ? !Appraiser.HasSection(checks, policy, policy?.Tdx, "tdx") : !Appraiser.HasSection(checks, policy, policy?.Snp, "snp"))
        {
            return;
        }

        checks.Add(
            CheckNames.HclRuntimeData, CryptographicOperations.FixedTimeEquals(hcl.ExpectedReportData(), hcl.ReportData.Span)
                ? null
                : "the report data is not SHA-256 of the runtime data and 32 zero bytes",
            "the report data binds the runtime data");
        bool hasKey = HclKey.TryRead(hcl.RuntimeData, out RsaPublicKey? key, out string problem);
        checks.Add(CheckNames.HclAttestationKey, hasKey ? null : problem, "one attestation key");
        VerifyHardware(hcl, bundle!, collateral, product, policy);
        VerifyTpm(bundle!, key, nonce, policy);
        foreach (string name in (string[])["secure-boot", "tpm-enabled", "console-enabled", "vmUniqueId"])
        {
            checks.Claim($"azure.{name}", HclKey.Configuration(hcl.RuntimeData, name)?.ToString() ?? "unknown");
        }

        if (policy?.AzureHcl is { } section)
        {
            AddPolicyLines(section, hcl, bundle!);
        }
    }

    private void AddPolicyLines(AzureHclPolicy policy, HclReport hcl, AzureBundle bundle)
    {
        string hardware = hcl.IsTdx ? "TDX" : "SEV-SNP";
        checks.AddLine(policy.Hardware, "the hardware is listed", accepted => accepted.Contains(hardware) ? null : $"{hardware} is not listed");

        // A register counts as the quote covers it: one that came along without being selected is anybody's word.
        TpmQuote? quote = bundle.TpmMessage is { } message && TpmQuote.TryParse(message, out TpmQuote? parsed, out _) ? parsed : null;
        checks.AddLine(policy.Registers, "the registers are as required", required =>
        {
            foreach ((int index, IReadOnlyList<ReadOnlyMemory<byte>> accepted) in required)
            {
                if (quote is null || !quote.Selection.Contains(index) || index >= bundle.Registers.Count)
                {
                    return $"register {index} is not in a TPM quote";
                }

                if (!accepted.Any(item => item.Span.SequenceEqual(bundle.Registers[index].Span)))
                {
                    return $"register {index} {Convert.ToHexStringLower(bundle.Registers[index].Span)} is not listed";
                }
            }

            return null;
        });
        checks.AddLine(policy.Configuration, "the guest is configured as required", required =>
            required.Select(rule => rule.Value.Problem(rule.Key, HclKey.Configuration(hcl.RuntimeData, rule.Key))).FirstOrDefault(problem => problem is not null));
    }

    private void VerifyHardware(HclReport hcl, AzureBundle bundle, ReadOnlyMemory<byte> collateral, string? product, Policy? policy)
    {
        if (!hcl.IsTdx)
        {
            checks.Pass(CheckNames.HclHardware, "the SEV-SNP report is inside");
            SnpAppraisal snp = new(checks, anchors, at);
            snp.Verify(hcl.HardwareReport, WithVcek(collateral, bundle.Vcek), product, policy?.Snp);
            if (policy?.Snp is not null)
            {
                snp.AddPolicyLines(policy.Snp);
            }

            return;
        }

        if (bundle.TdQuote is not { } quote)
        {
            checks.Fail(CheckNames.HclHardware, "a TDREPORT proves nothing away from its machine, and there is no quote");
            return;
        }

        DcapAppraisal tdx = new(checks, anchors, at) { TdxOnly = true };
        bool same = DcapQuote.TryParse(quote, out DcapQuote? parsed, out _)
            && CryptographicOperations.FixedTimeEquals(parsed!.ReportData.Span, hcl.ExpectedReportData());
        checks.Add(CheckNames.HclHardware, same ? null : "the quote's report data is not that of the runtime data", "the quote binds the runtime data");
        tdx.Verify(quote, collateral.IsEmpty ? (ReadOnlyMemory<byte>?)null : collateral, policy?.Tdx?.DebugOff);
        if (policy?.Tdx is not null)
        {
            tdx.AddPolicyLines(policy.Tdx);
        }
    }

    private void VerifyTpm(AzureBundle bundle, RsaPublicKey? key, ReadOnlyMemory<byte>? nonce, Policy? policy)
    {
        if (bundle.TpmMessage is not { } message)
        {
            checks.Claim("tpm.quote", "not there: nothing says which software runs, nor when this was made");
            if (nonce is not null || policy is not null)
            {
                checks.Fail(CheckNames.TpmNonce, "there is no TPM quote, so nothing answers the nonce");
            }

            return;
        }

        if (!TpmQuote.TryParse(message, out TpmQuote? quote, out ParseError error))
        {
            checks.Fail(CheckNames.TpmFormat, error.ToString());
            checks.Malformed = true;
            return;
        }

        checks.Pass(CheckNames.TpmFormat, $"a quote over {quote!.Selection.Count} registers");
        checks.Add(
            CheckNames.TpmSignature,
            key is null ? "not evaluated: there is no attestation key"
                : key.Verify(message.Span, bundle.TpmSignature.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ? null
                : "the attestation key of the runtime data did not sign this quote",
            "signed by the attestation key");
        checks.Add(CheckNames.TpmRegisters, quote.Covers(bundle.Registers) ? null : "the registers are not those that the quote hashed", "the registers are those of the quote");
        foreach (int index in quote.Selection.Where(index => index < bundle.Registers.Count))
        {
            checks.Claim($"tpm.pcr{index}", bundle.Registers[index].Span);
        }

        checks.Claim("tpm.nonce", quote.QualifyingData.Span);
        if (nonce is { } expected)
        {
            bool answers = CryptographicOperations.FixedTimeEquals(expected.Span, quote.QualifyingData.Span);
            checks.Add(CheckNames.TpmNonce, answers ? null : "the TPM quote answers another nonce", "answers the expected nonce");
        }
        else if (policy is not null)
        {
            checks.Fail(CheckNames.TpmNonce, "no expected nonce was given, so nothing says that the quote is fresh");
        }
        else
        {
            checks.Claim("tpm.freshness", "not checked: no expected nonce was given");
        }
    }

    // The guest may bring its chip's certificate; the collateral's own stands before it.
    private static ReadOnlyMemory<byte> WithVcek(ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? vcek)
    {
        if (vcek is not { } der)
        {
            return collateral;
        }

        JsonObject json = [];
        if (!collateral.IsEmpty)
        {
            try
            {
                if (JsonNode.Parse(collateral.Span) is not JsonObject given || given.ContainsKey("vcek_der_b64") || given.ContainsKey("vlek_der_b64"))
                {
                    return collateral;
                }

                json = given;
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException)
            {
                return collateral;
            }
        }

        json["vcek_der_b64"] = Convert.ToBase64String(der.Span);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
