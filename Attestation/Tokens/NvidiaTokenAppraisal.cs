using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tokens;

/// <summary>Verifies the tokens of NVIDIA's remote attestation service: overall and one for each GPU.</summary>
internal sealed class NvidiaTokenAppraisal(CheckList checks, TrustAnchors anchors, DateTimeOffset at)
{
    private const string Issuer = "https://nras.attestation.nvidia.com";

    /// <summary>Every check.</summary>
    public void Verify(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> collateral, ReadOnlyMemory<byte>? nonce, bool nonceRequired)
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
            CheckNames.TokenSignature, keys is null ? "not evaluated: there is no key set" : First(tokens, token => keys.Verify(token, "ES384", pins.Span, at)),
            "signed by keys of the set");
        checks.Add(
            CheckNames.TokenIssuer, First(tokens, token => token.Issuer == Issuer ? null : $"the issuer is \"{token.Issuer}\", not {Issuer}"), Issuer);
        checks.Add(CheckNames.TokenValidity, First(tokens, token => TokenChecks.ValidityProblem(token, at)), "in its hour");
        string? actual = tokens[0].Claim("eat_nonce");
        TokenChecks.AddNonce(checks, actual, nonce, nonceRequired);
        checks.Add(CheckNames.TokenParts, PartsProblem(set, actual), "the overall token names exactly these, and all answer one nonce");
        checks.Add(CheckNames.TokenResult, ResultProblem(set), "NVIDIA's service found every measurement right");
        checks.Add(
            CheckNames.TokenDebug, First(set.Parts.Select(part => part.Token), token =>
                token.Claim("dbgstat") is not { } status ? "a token does not say whether debugging is off" : status == "disabled" ? null : $"dbgstat is \"{status}\""),
            "debug is off");
        AddClaims(set);
    }

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

    private static string? ResultProblem(NvidiaTokenSet set)
    {
        if (set.Overall is { } overall && !IsTrue(overall, "x-nvidia-overall-att-result"))
        {
            return "the overall result is not true";
        }

        foreach (NvidiaTokenSet.Part part in set.Parts)
        {
            if (part.Token.Claim("measres") != "success")
            {
                return $"{part.Name}: measres is \"{part.Token.Claim("measres") ?? "missing"}\"";
            }

            if (!IsTrue(part.Token, "secboot"))
            {
                return $"{part.Name}: secboot is not true";
            }

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
