using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Tests.Tokens;

/// <summary>Tokens of attestation services. Those that must pass are minted here; NVIDIA's recorded ones lack their keys.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Nras = "https://nras.attestation.nvidia.com";
    private const string Maa = "https://sharedeus2.eus2.attest.azure.net";
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly RSA _rsa = RSA.Create(2048);

    public void Dispose()
    {
        _ec.Dispose();
        _rsa.Dispose();
    }

    [Fact]
    public void Every_recorded_NVIDIA_token_parses_and_is_rejected_for_want_of_its_keys()
    {
        int rows = 0;
        foreach (VectorTable.IndexRow row in VectorTable.Index("nvidia-eat"))
        {
            rows++;
            byte[] token = VectorTable.Read(row.Path);
            Assert.Equal(EvidenceFormat.NvidiaToken, EvidenceFormats.Recognise(token));
            Verdict verdict = Appraiser.AppraiseTokens(token, nvidia: true, default, null, null, TrustAnchors.Production, At, TimeSource.Asserted);
            Assert.Equal((VerdictKind.Rejected, CheckNames.CollateralMissing), (verdict.Kind, verdict.Reason));
            Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.TokenFormat)!.Value.Result);
            Assert.Equal(CheckResult.Passed, verdict.Find(CheckNames.TokenIssuer)!.Value.Result);
        }

        Assert.Equal(13, rows);
    }

    [Fact]
    public void A_whole_set_of_eight_GPUs_is_accepted()
    {
        Verdict verdict = AppraiseNvidia(Set(8));
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
    }

    [Fact]
    public void The_nonce_is_compared_whole()
    {
        AssertOnly(AppraiseNvidia(Set(1), nonce: Nonce[..31]), CheckNames.TokenNonce);
        AssertOnly(AppraiseNvidia(Set(1), nonce: [.. Nonce, 0]), CheckNames.TokenNonce);
    }

    [Fact]
    public void A_token_of_another_set_is_rejected()
    {
        JsonArray set = Set(2);
        set[1]!["GPU-1"] = Sign(Gpu(5));
        AssertOnly(AppraiseNvidia(set), CheckNames.TokenParts);
    }

    [Fact]
    public void A_missing_GPU_is_rejected()
    {
        JsonArray set = Set(2);
        set[1]!.AsObject().Remove("GPU-1");
        AssertOnly(AppraiseNvidia(set), CheckNames.TokenParts);
    }

    [Fact]
    public void One_GPU_twice_is_rejected() => AssertOnly(AppraiseNvidia(Set(2, index => Gpu(0))), CheckNames.TokenParts);

    [Fact]
    public void A_GPU_that_answers_another_nonce_is_rejected() =>
        AssertOnly(AppraiseNvidia(Set(2, index => Gpu(index, ("eat_nonce", index == 1 ? new string('0', 64) : Convert.ToHexString(Nonce))))), CheckNames.TokenParts);

    [Theory]
    [InlineData("measres", "fail")]
    [InlineData("secboot", false)]
    [InlineData("x-nvidia-gpu-arch-check", false)]
    [InlineData("x-nvidia-gpu-attestation-report-signature-verified", null)]
    public void A_GPU_that_did_not_pass_is_rejected(string claim, object? value) =>
        AssertOnly(AppraiseNvidia(Set(1, index => Gpu(index, (claim, JsonValue.Create(value))))), CheckNames.TokenResult);

    [Theory]
    [InlineData("enabled")]
    [InlineData(null)]
    public void Debugging_is_rejected_and_silence_about_it_too(string? value) =>
        AssertOnly(AppraiseNvidia(Set(1, index => Gpu(index, ("dbgstat", value)))), CheckNames.TokenDebug);

    [Fact]
    public void An_overall_result_that_is_false_is_rejected() =>
        AssertOnly(AppraiseNvidia(Set(1, overall: ("x-nvidia-overall-att-result", false))), CheckNames.TokenResult);

    [Fact]
    public void An_ended_token_is_rejected() => AssertOnly(AppraiseNvidia(Set(1), at: At.AddHours(2)), CheckNames.TokenValidity);

    [Fact]
    public void A_token_without_an_end_is_rejected() => AssertOnly(AppraiseNvidia(Set(1, overall: ("exp", null))), CheckNames.TokenValidity);

    [Fact]
    public void Another_issuer_is_rejected() => AssertOnly(AppraiseNvidia(Set(1, overall: ("iss", "https://nras.attestation.nvidia.com.example"))), CheckNames.TokenIssuer);

    [Fact]
    public void A_changed_claim_is_rejected()
    {
        JsonArray set = Set(1);
        string[] parts = set[0]![1]!.GetValue<string>().Split('.');
        string payload = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace(Nras, Nras, StringComparison.Ordinal) + " ";
        parts[1] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        set[0]![1] = string.Join('.', parts);
        AssertOnly(AppraiseNvidia(set), CheckNames.TokenSignature);
    }

    [Fact]
    public void A_key_that_the_set_does_not_hold_is_rejected()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        JsonObject jwks = new() { ["jwks"] = new JsonObject { ["keys"] = new JsonArray(EcKey("k1", other)) } };
        AssertOnly(AppraiseNvidia(Set(1), jwks), CheckNames.TokenSignature);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("ES256")]
    public void Another_algorithm_is_rejected(string algorithm)
    {
        JsonArray set = Set(1);
        string[] parts = set[0]![1]!.GetValue<string>().Split('.');
        parts[0] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"{{algorithm}}","kid":"k1"}"""));
        set[0]![1] = string.Join('.', parts);
        AssertOnly(AppraiseNvidia(set), CheckNames.TokenSignature);
    }

    [Fact]
    public void An_overall_token_alone_says_too_little()
    {
        JsonArray set = Set(1);
        Verdict verdict = AppraiseNvidia(Encoding.UTF8.GetBytes(set[0]![1]!.GetValue<string>()));
        AssertOnly(verdict, CheckNames.TokenParts);
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("e30.e30")]
    [InlineData("e30.W10.")]
    [InlineData("eyJjcml0IjpbXX0.e30.AA")]
    [InlineData("eyJhIjoxLCJhIjoyfQ.e30.AA")]
    [InlineData("e30=.e30.AA")]
    [InlineData("e30.e31.AA")]
    public void A_token_that_does_not_parse_is_malformed(string text)
    {
        Assert.False(JsonWebToken.TryParse(Encoding.ASCII.GetBytes(text), out _, out ParseError error));
        Assert.NotEqual("", error.Problem);
    }

    [Theory]
    [InlineData("sgx")]
    [InlineData("sevsnpvm")]
    [InlineData("tdxvm")]
    public void A_token_of_Azures_is_accepted(string kind)
    {
        Verdict verdict = AppraiseAzure(Azure(kind));
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
    }

    [Theory]
    [InlineData("sgx", "x-ms-sgx-is-debuggable")]
    [InlineData("sevsnpvm", "x-ms-sevsnpvm-is-debuggable")]
    [InlineData("tdxvm", "tdx_td_attributes_debug")]
    public void A_debuggable_enclave_or_guest_is_rejected_and_silence_about_it_too(string kind, string claim)
    {
        JsonObject on = Azure(kind);
        on[claim] = true;
        AssertOnly(AppraiseAzure(on), CheckNames.TokenDebug);
        on.Remove(claim);
        AssertOnly(AppraiseAzure(on), CheckNames.TokenDebug);
    }

    [Theory]
    [InlineData("https://attest.azure.net.example")]
    [InlineData("http://a.attest.azure.net")]
    [InlineData("https://a@b.attest.azure.net")]
    [InlineData("https://evilattest.azure.net")]
    [InlineData("https://a.attest.azure.net:444")]
    public void Another_issuer_of_Azures_kind_is_rejected(string issuer)
    {
        JsonObject claims = Azure("sgx");
        claims["iss"] = issuer;
        AssertOnly(AppraiseAzure(claims), CheckNames.TokenIssuer);
    }

    [Fact]
    public void A_token_that_points_at_other_keys_is_rejected_and_nothing_is_fetched() =>
        AssertOnly(AppraiseAzure(Azure("sgx"), jku: "https://keys.example/certs"), CheckNames.TokenIssuer);

    [Fact]
    public void A_guest_that_is_not_compliant_is_rejected()
    {
        JsonObject claims = Azure("sevsnpvm");
        claims["x-ms-compliance-status"] = "none";
        AssertOnly(AppraiseAzure(claims), CheckNames.TokenResult);
    }

    private static JsonObject Azure(string kind)
    {
        JsonObject claims = new()
        {
            ["iss"] = Maa,
            ["iat"] = At.ToUnixTimeSeconds(),
            ["nbf"] = At.ToUnixTimeSeconds(),
            ["exp"] = At.AddHours(8).ToUnixTimeSeconds(),
            ["nonce"] = Convert.ToHexStringLower(Nonce),
            ["x-ms-attestation-type"] = kind,
        };
        switch (kind)
        {
            case "sgx":
                claims["x-ms-sgx-is-debuggable"] = false;
                break;
            case "sevsnpvm":
                claims["x-ms-sevsnpvm-is-debuggable"] = false;
                claims["x-ms-compliance-status"] = "azure-compliant-cvm";
                break;
            default:
                claims["tdx_td_attributes_debug"] = false;
                claims["attester_tcb_status"] = "UpToDate";
                break;
        }

        return claims;
    }

    private Verdict AppraiseAzure(JsonObject claims, string? jku = null)
    {
        string header = new JsonObject { ["alg"] = "RS256", ["kid"] = "m1", ["jku"] = jku ?? Maa + "/certs", ["typ"] = "JWT" }.ToJsonString();
        string signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        byte[] signature = _rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        RSAParameters key = _rsa.ExportParameters(false);
        JsonObject jwks = new()
        {
            ["jwks"] = new JsonObject
            {
                ["keys"] = new JsonArray(new JsonObject
                {
                    ["kty"] = "RSA",
                    ["kid"] = "m1",
                    ["use"] = "sig",
                    ["n"] = Base64Url.EncodeToString(key.Modulus),
                    ["e"] = Base64Url.EncodeToString(key.Exponent),
                }),
            },
        };
        return Appraiser.AppraiseTokens(
            Encoding.ASCII.GetBytes($"{signed}.{Base64Url.EncodeToString(signature)}"), nvidia: false, Encoding.UTF8.GetBytes(jwks.ToJsonString()), Nonce, null,
            TrustAnchors.Production, At, TimeSource.Asserted);
    }

    private JsonObject Gpu(int index, params (string Name, JsonNode? Value)[] changes)
    {
        JsonObject claims = new()
        {
            ["iss"] = Nras,
            ["nbf"] = At.ToUnixTimeSeconds(),
            ["exp"] = At.AddHours(1).ToUnixTimeSeconds(),
            ["eat_nonce"] = Convert.ToHexString(Nonce),
            ["ueid"] = $"device {index}",
            ["measres"] = "success",
            ["secboot"] = true,
            ["dbgstat"] = "disabled",
            ["hwmodel"] = "GH100 A01 GSP BROM",
            ["x-nvidia-gpu-driver-version"] = "570.133.20",
            ["x-nvidia-gpu-attestation-report-signature-verified"] = true,
            ["x-nvidia-gpu-attestation-report-nonce-match"] = true,
            ["x-nvidia-gpu-arch-check"] = true,
        };
        foreach ((string name, JsonNode? value) in changes)
        {
            claims[name] = value;
        }

        return claims;
    }

    private JsonArray Set(int count, Func<int, JsonObject>? gpu = null, (string Name, JsonNode? Value)? overall = null)
    {
        JsonObject parts = [];
        JsonObject modules = [];
        for (int i = 0; i < count; i++)
        {
            string token = Sign(gpu is null ? Gpu(i) : gpu(i));
            parts[$"GPU-{i}"] = token;
            modules[$"GPU-{i}"] = new JsonArray("DIGEST", new JsonArray("SHA-256", Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)))));
        }

        JsonObject claims = new()
        {
            ["iss"] = Nras,
            ["nbf"] = At.ToUnixTimeSeconds(),
            ["exp"] = At.AddHours(1).ToUnixTimeSeconds(),
            ["eat_nonce"] = Convert.ToHexString(Nonce),
            ["x-nvidia-overall-att-result"] = true,
            ["submods"] = modules,
        };
        if (overall is { } change)
        {
            claims[change.Name] = change.Value;
        }

        return new JsonArray(new JsonArray("JWT", Sign(claims)), parts);
    }

    private string Sign(JsonObject claims)
    {
        string signed = $"{Base64Url.EncodeToString("""{"kid":"k1","alg":"ES384"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{signed}.{Base64Url.EncodeToString(_ec.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA384))}";
    }

    private static JsonObject EcKey(string id, ECDsa key)
    {
        ECPoint point = key.ExportParameters(false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-384",
            ["kid"] = id,
            ["alg"] = "ES384",
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    private Verdict AppraiseNvidia(JsonArray set, JsonObject? jwks = null, byte[]? nonce = null, DateTimeOffset? at = null) =>
        AppraiseNvidia(Encoding.UTF8.GetBytes(set.ToJsonString()), jwks, nonce, at);

    private Verdict AppraiseNvidia(byte[] tokens, JsonObject? jwks = null, byte[]? nonce = null, DateTimeOffset? at = null)
    {
        JsonObject collateral = jwks ?? new JsonObject { ["jwks"] = new JsonObject { ["keys"] = new JsonArray(EcKey("k1", _ec)) } };
        return Appraiser.AppraiseTokens(
            tokens, nvidia: true, Encoding.UTF8.GetBytes(collateral.ToJsonString()), nonce ?? Nonce, null, TrustAnchors.Production, at ?? At, TimeSource.Asserted);
    }

    private static void AssertOnly(Verdict verdict, string failed)
    {
        Assert.Equal(VerdictKind.Rejected, verdict.Kind);
        Assert.Equal([failed], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
    }
}
