using System.Text.Json;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tokens;

/// <summary>Verifies a token of Microsoft Azure Attestation about an SGX enclave, an SEV-SNP guest or a TDX guest.</summary>
internal sealed class AzureTokenAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string Domain = ".attest.azure.net";

    private byte[]? _thumbprint;

    /// <summary>Every check, and the lines of the policy's section.</summary>
    public void Verify(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? nonce, AzureMaaPolicy? policy)
    {
        if (!JsonWebToken.TryParse(evidence.Span, out JsonWebToken? token, out ParseError error))
        {
            checks.Fail(CheckNames.TokenFormat, error.ToString());
            checks.Malformed = true;
            return;
        }

        checks.Pass(CheckNames.TokenFormat, "a signed token");
        bool known = JsonWebKeySet.TryRead(collateral, out JsonWebKeySet? keys, out string missing);
        checks.Add(CheckNames.CollateralMissing, known ? null : missing, "a key set is there");
        ReadOnlyMemory<byte> pins = anchors.Given ? anchors.IntelRootSpki : default;
        checks.Add(
            CheckNames.TokenSignature, keys is null ? "not evaluated: there is no key set" : keys.Verify(token!, "RS256", pins.Span, at, out _thumbprint), "signed by a key of the set");
        checks.Add(CheckNames.TokenIssuer, IssuerProblem(token!), "an attestation provider of Azure's");
        checks.Add(CheckNames.TokenValidity, TokenChecks.ValidityProblem(token!, at), "in its validity");
        TokenChecks.AddNonce(checks, Nonce(token!), nonce, policy is not null);
        JsonElement tee = Tee(token!, out string kind);
        AddResult(policy, token!, tee, kind);
        TokenChecks.AddDebug(checks, policy?.DebugOff, DebugProblem(tee, kind));
        AddClaims(token!, tee, kind);
        if (policy is not null)
        {
            AddPolicyLines(policy, token!, tee, kind);
        }

        if (token!.Time("exp") is { } end)
        {
            checks.EndTrustAt(end);
        }
    }

    private static string? IssuerProblem(JsonWebToken token)
    {
        if (!Uri.TryCreate(token.Issuer, UriKind.Absolute, out Uri? issuer) || issuer.Scheme != Uri.UriSchemeHttps
            || !issuer.Host.EndsWith(Domain, StringComparison.OrdinalIgnoreCase) || issuer.UserInfo.Length > 0 || !issuer.IsDefaultPort
            || issuer.PathAndQuery != "/")
        {
            return $"the issuer \"{token.Issuer}\" is no attestation provider of Azure's";
        }

        // The address is never asked; one that is not the issuer's own says that something else was meant.
        return JsonWebToken.Text(token.Header, "jku") is { } address && !string.Equals(address, $"https://{issuer.Host}/certs", StringComparison.OrdinalIgnoreCase)
            ? $"the token points at keys of \"{address}\", which are not its issuer's"
            : null;
    }

    private static string? Nonce(JsonWebToken token)
    {
        if (token.Claim("nonce") is { } top)
        {
            return top;
        }

        return token.Payload.TryGetProperty("x-ms-runtime", out JsonElement runtime) && runtime.ValueKind == JsonValueKind.Object
            && runtime.TryGetProperty("client-payload", out JsonElement payload)
                ? JsonWebToken.Text(payload, "nonce")
                : JsonWebToken.Text(runtime, "nonce");
    }

    // A guest with a virtual TPM has the hardware's claims one level down.
    private static JsonElement Tee(JsonWebToken token, out string kind)
    {
        JsonElement claims = token.Payload.TryGetProperty("x-ms-isolation-tee", out JsonElement inner) && inner.ValueKind == JsonValueKind.Object ? inner : token.Payload;
        kind = JsonWebToken.Text(claims, "x-ms-attestation-type") ?? JsonWebToken.Text(claims, "tee") ?? "unknown";
        return claims;
    }

    private void AddResult(AzureMaaPolicy? policy, JsonWebToken token, JsonElement tee, string kind)
    {
        string? unknown = kind is "sgx" or "sevsnpvm" or "tdxvm" ? null : $"the attestation type \"{kind}\" is none of sgx, sevsnpvm and tdxvm";
        if (unknown is not null)
        {
            checks.Fail(CheckNames.TokenResult, unknown);
        }
        else if (policy?.Compliant is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.TokenResult, waived.Waiver!, waived.Line);
        }
        else if (ComplianceProblem(token, tee, kind, required: policy is not null) is { } problem)
        {
            checks.Fail(CheckNames.TokenResult, problem, policy?.Compliant.Line);
        }
        else
        {
            checks.Pass(CheckNames.TokenResult, $"Azure's service verified {kind} evidence", policy?.Compliant.Line);
        }
    }

    private void AddPolicyLines(AzureMaaPolicy policy, JsonWebToken token, JsonElement tee, string kind)
    {
        checks.AddLine(policy.Issuers, "the issuer is listed", accepted =>
            accepted.Contains(token.Issuer?.TrimEnd('/'), StringComparer.OrdinalIgnoreCase) ? null : $"the issuer \"{token.Issuer}\" is not listed");
        TokenChecks.AddKeys(checks, policy.Keys, [_thumbprint]);
        checks.AddLine(policy.Types, "the type is listed", accepted => accepted.Contains(kind) ? null : $"{kind} is not listed");
        checks.AddLine(policy.TcbStatuses, $"{checks.TcbStatus} is accepted", accepted =>
            checks.TcbStatus is { } status && accepted.Contains(status) ? null : $"TCB status {checks.TcbStatus?.ToString() ?? "unknown"} is not accepted");
        TokenChecks.AddAge(checks, policy.MaxTokenAge, [token], at);
        checks.AddListed(policy.Measurements, Measurement(tee, kind), "the measurement");
        checks.AddLine(policy.Claims, "the claims are as required", required =>
            required.Select(rule => rule.Value.Problem(rule.Key, Claim(token, tee, rule.Key))).FirstOrDefault(problem => problem is not null));
    }

    private static ReadOnlyMemory<byte>? Measurement(JsonElement tee, string kind)
    {
        string name = kind switch { "sgx" => "x-ms-sgx-mrenclave", "sevsnpvm" => "x-ms-sevsnpvm-launchmeasurement", _ => "tdx_mrtd" };
        string? hex = JsonWebToken.Text(tee, name) ?? (kind == "sgx" ? JsonWebToken.Text(tee, "sgx-mrenclave") : null);
        byte[] bytes = new byte[(hex?.Length ?? 0) / 2];
        return hex is { Length: 64 or 96 } && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }

    // The hardware's claims stand before those of the token as a whole.
    private static JsonElement? Claim(JsonWebToken token, JsonElement tee, string name) =>
        tee.TryGetProperty(name, out JsonElement claim) || token.Payload.TryGetProperty(name, out claim) ? claim : null;

    private static string? ComplianceProblem(JsonWebToken token, JsonElement tee, string kind, bool required) => kind switch
    {
        "sgx" => null,
        _ => JsonWebToken.Text(tee, "x-ms-compliance-status") is { } status && status == "azure-compliant-cvm" ? null
            : required || tee.TryGetProperty("x-ms-compliance-status", out _) || JsonWebToken.Text(token.Payload, "x-ms-attestation-type") == "azurevm"
                ? "the guest is not azure-compliant-cvm" : null,
    };

    private static string? DebugProblem(JsonElement tee, string kind)
    {
        string[] names = kind switch
        {
            "sgx" => ["x-ms-sgx-is-debuggable", "is-debuggable"],
            "sevsnpvm" => ["x-ms-sevsnpvm-is-debuggable"],
            "tdxvm" => ["tdx_td_attributes_debug", "x-ms-tdxvm-is-debuggable", "dbgstat"],
            _ => [],
        };
        string? problem = "the token does not say whether debugging is off";
        foreach (string name in names)
        {
            if (!tee.TryGetProperty(name, out JsonElement claim))
            {
                continue;
            }

            if (claim.ValueKind == JsonValueKind.False || claim.IsText("disabled"))
            {
                problem = null;
            }
            else
            {
                return $"{name} is not false: the host can read it";
            }
        }

        return problem;
    }

    private void AddClaims(JsonWebToken token, JsonElement tee, string kind)
    {
        checks.Claim("token.issuer", token.Issuer ?? "");
        checks.Claim("token.type", kind);
        foreach (string name in (string[])
            ["x-ms-sgx-mrenclave", "x-ms-sgx-mrsigner", "x-ms-sevsnpvm-launchmeasurement", "x-ms-sevsnpvm-hostdata", "x-ms-sevsnpvm-reportdata",
                "tdx_mrtd", "tdx_rtmr0", "tdx_rtmr1", "tdx_rtmr2", "tdx_rtmr3", "tdx_report_data", "attester_tcb_status"])
        {
            if (JsonWebToken.Text(tee, name) is { } value)
            {
                checks.Claim($"token.{name}", value);
            }
        }

        string? named = JsonWebToken.Text(tee, "attester_tcb_status");
        if (Enum.TryParse(named, ignoreCase: false, out TcbStatus status) && status.ToString() == named)
        {
            checks.TcbStatus = status;
            if (status is TcbStatus.Revoked or TcbStatus.NoMatch)
            {
                checks.Fail(CheckNames.TcbStatus, $"the service found the TCB {status}");
            }
        }
    }
}
