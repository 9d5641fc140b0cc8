using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tokens;

/// <summary>Verifies the tokens of NVIDIA's remote attestation service: overall and one for each GPU.</summary>
internal sealed class NvidiaTokenAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string Issuer = "https://nras.attestation.nvidia.com";

    private readonly List<byte[]?> _thumbprints = [];

    /// <summary>Every check, and the lines of the policy's section.</summary>
    public void Verify(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? nonce, NvidiaEatPolicy? policy)
    {
        if (!NvidiaTokenSet.TryParse(evidence, out NvidiaTokenSet? set, out ParseError error))
        {
            checks.Fail(CheckNames.TokenFormat, error.ToString());
            checks.Malformed = true;
            return;
        }

        List<JsonWebToken> tokens = [.. new[] { set!.Overall }.OfType<JsonWebToken>(), .. set.Parts.Select(part => part.Token)];
        checks.Pass(CheckNames.TokenFormat, $"{(set.Overall is null ? "no" : "an")} overall token, {set.Parts.Count} of single GPUs");
        bool known = JsonWebKeySet.TryRead(collateral, out JsonWebKeySet? keys, out string missing);
        checks.Add(CheckNames.CollateralMissing, known ? null : missing, "a key set is there");
        ReadOnlyMemory<byte> pins = anchors.Given ? anchors.NvidiaDeviceRootSpki : default;
        checks.Add(
            CheckNames.TokenSignature, keys is null ? "not evaluated: there is no key set" : First(tokens, token => SignatureProblem(keys, token, pins)),
            "signed by keys of the set");
        checks.Add(
            CheckNames.TokenIssuer, First(tokens, token => token.Issuer == Issuer ? null : $"the issuer is \"{token.Issuer}\", not {Issuer}"), Issuer);
        checks.Add(CheckNames.TokenValidity, First(tokens, token => TokenChecks.ValidityProblem(token, at)), "in its hour");
        string? actual = tokens[0].Claim("eat_nonce");
        TokenChecks.AddNonce(checks, actual, nonce, policy is not null);
        checks.Add(CheckNames.TokenParts, PartsProblem(set, actual), "the overall token names exactly these, and all answer one nonce");
        AddResult(set, policy);
        TokenChecks.AddDebug(checks, policy?.DebugOff, First(set.Parts.Select(part => part.Token), token =>
            token.Claim("dbgstat") is not { } status ? "a token does not say whether debugging is off" : status == "disabled" ? null : $"dbgstat is \"{status}\""));
        AddClaims(set);
        if (policy is not null)
        {
            AddPolicyLines(policy, set, tokens);
        }
    }

    private string? SignatureProblem(JsonWebKeySet keys, JsonWebToken token, ReadOnlyMemory<byte> pins)
    {
        string? problem = keys.Verify(token, "ES384", pins.Span, at, out byte[]? thumbprint);
        _thumbprints.Add(thumbprint);
        return problem;
    }

    // What NVIDIA's service found about report and architecture is never waived; measurements and secure boot have lines of their own.
    private void AddResult(NvidiaTokenSet set, NvidiaEatPolicy? policy)
    {
        string? report = ReportProblem(set) ?? (policy is null ? SecureBootProblem(set) : null);
        if (report is not null)
        {
            checks.Fail(CheckNames.TokenResult, report);
        }
        else if (policy?.Measurements is { IsWaived: true } waived)
        {
            checks.Waive(CheckNames.TokenResult, waived.Waiver!, waived.Line);
        }
        else if (MeasurementProblem(set) is { } problem)
        {
            checks.Fail(CheckNames.TokenResult, problem, policy?.Measurements.Line);
        }
        else
        {
            checks.Pass(CheckNames.TokenResult, "NVIDIA's service found every measurement right", policy?.Measurements.Line);
        }
    }

    private void AddPolicyLines(NvidiaEatPolicy policy, NvidiaTokenSet set, IReadOnlyList<JsonWebToken> tokens)
    {
        checks.AddLine(policy.SecureBootOn, "every device booted securely", _ => SecureBootProblem(set));
        checks.AddLine(policy.Count, "as many as required", range => range.Problem(set.Parts.Count, "GPUs"));
        Listed(policy.Models, set, "hwmodel");
        Listed(policy.Drivers, set, "x-nvidia-gpu-driver-version");
        Listed(policy.Vbios, set, "x-nvidia-gpu-vbios-version");
        Listed(policy.Devices, set, "ueid");
        checks.AddLine(policy.DeniedDevices, "no device is denied", denied => First(set.Parts.Select(part => part.Token), token =>
            token.Claim("ueid") is not { } device ? "a device is unknown"
            : denied.Contains(device, StringComparer.Ordinal) ? $"device {device} is denied"
            : null));
        TokenChecks.AddKeys(checks, policy.Keys, _thumbprints);
        TokenChecks.AddAge(checks, policy.MaxTokenAge, tokens, at);
    }

    private void Listed(PolicyField<IReadOnlyList<string>> line, NvidiaTokenSet set, string claim) =>
        checks.AddLine(line, $"{claim} is listed", accepted => set.Parts.Count == 0
            ? "there is no GPU's token"
            : First(set.Parts.Select(part => part.Token), token =>
                token.Claim(claim) is { } actual && accepted.Contains(actual, StringComparer.OrdinalIgnoreCase) ? null : $"{claim} {token.Claim(claim) ?? "unknown"} is not listed"));

    private static string? First(IEnumerable<JsonWebToken> tokens, Func<JsonWebToken, string?> problem) => tokens.Select(problem).FirstOrDefault(found => found is not null);

    private static string? PartsProblem(NvidiaTokenSet set, string? nonce)
    {
        if (set.Overall is null)
        {
            return "the overall token, which says how many GPUs there are, is missing";
        }

        if (!set.Overall.Payload.TryGetProperty("submods", out JsonElement modules) || modules.ValueKind != JsonValueKind.Object)
        {
            return "the overall token names no GPU";
        }

        if (modules.GetPropertyCount() != set.Parts.Count || set.Parts.Count == 0)
        {
            return $"the overall token names {modules.GetPropertyCount()} GPUs, {set.Parts.Count} tokens are here";
        }

        HashSet<string> devices = [];
        foreach (NvidiaTokenSet.Part part in set.Parts)
        {
            if (!modules.TryGetProperty(part.Name, out JsonElement digest) || !IsDigestOf(digest, part.Compact))
            {
                return $"the token of {part.Name} is not the one that the overall token names";
            }

            if (nonce is null || part.Token.Claim("eat_nonce") != nonce)
            {
                return $"{part.Name} answers another nonce";
            }

            if (part.Token.Claim("ueid") is not { } device || !devices.Add(device))
            {
                return $"{part.Name} is a device that is unknown or here twice";
            }
        }

        return null;
    }

    // ["DIGEST", ["SHA-256", hex]] (RFC 9711 section 4.2.18.2).
    private static bool IsDigestOf(JsonElement element, string compact) =>
        element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2 && element[0].IsText("DIGEST")
        && element[1].ValueKind == JsonValueKind.Array && element[1].GetArrayLength() == 2 && element[1][0].IsText("SHA-256")
        && element[1][1].ValueKind == JsonValueKind.String
        && string.Equals(element[1][1].GetString(), Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(compact))), StringComparison.OrdinalIgnoreCase);

    private static string? MeasurementProblem(NvidiaTokenSet set) =>
        set.Overall is { } overall && !IsTrue(overall, "x-nvidia-overall-att-result") ? "the overall result is not true"
        : set.Parts.FirstOrDefault(part => part.Token.Claim("measres") != "success") is { } failed
            ? $"{failed.Name}: measres is \"{failed.Token.Claim("measres") ?? "missing"}\""
        : null;

    private static string? SecureBootProblem(NvidiaTokenSet set) =>
        set.Parts.FirstOrDefault(part => !IsTrue(part.Token, "secboot")) is { } failed ? $"{failed.Name}: secboot is not true" : null;

    private static string? ReportProblem(NvidiaTokenSet set)
    {
        foreach (NvidiaTokenSet.Part part in set.Parts)
        {
            foreach (string claim in (string[])["x-nvidia-gpu-attestation-report-signature-verified", "x-nvidia-gpu-attestation-report-nonce-match", "x-nvidia-gpu-arch-check"])
            {
                if (part.Token.Payload.TryGetProperty("x-nvidia-gpu-driver-version", out _) && !IsTrue(part.Token, claim))
                {
                    return $"{part.Name}: {claim} is not true";
                }
            }
        }

        return null;
    }

    private static bool IsTrue(JsonWebToken token, string name) => token.Payload.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.True;

    private void AddClaims(NvidiaTokenSet set)
    {
        foreach (NvidiaTokenSet.Part part in set.Parts)
        {
            string prefix = part.Name.ToLowerInvariant();
            checks.Claim($"{prefix}.ueid", part.Token.Claim("ueid") ?? "");
            checks.Claim($"{prefix}.hwModel", part.Token.Claim("hwmodel") ?? "");
            checks.Claim($"{prefix}.driver", part.Token.Claim("x-nvidia-gpu-driver-version") ?? "");
            checks.Claim($"{prefix}.vbios", part.Token.Claim("x-nvidia-gpu-vbios-version") ?? "");
        }

        foreach (JsonWebToken token in new[] { set.Overall }.OfType<JsonWebToken>().Concat(set.Parts.Select(part => part.Token)))
        {
            if (token.Time("exp") is { } end)
            {
                checks.EndTrustAt(end);
            }
        }

        checks.Claim("gpu.sameMachine", "not proved: a GPU answers any nonce");
    }
}
