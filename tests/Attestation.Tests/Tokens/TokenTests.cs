using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Tokens;

namespace Verathos.Attestation.Tests.Tokens;

/// <summary>Tokens of attestation services. Those that must pass are minted here; NVIDIA's recorded ones lack their keys.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Nras = "https://nras.attestation.nvidia.com";
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
    private readonly SimulatedNras _nras = new();
    private readonly SimulatedMaa _maa = new();

    public void Dispose()
    {
        _nras.Dispose();
        _maa.Dispose();
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
        set[1]!["GPU-1"] = Set(6)[1]!["GPU-5"]!.DeepClone();
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
    public void One_GPU_twice_is_rejected() => AssertOnly(AppraiseNvidia(Set(2, (_, claims) => claims["ueid"] = "one device")), CheckNames.TokenParts);

    [Fact]
    public void A_GPU_that_answers_another_nonce_is_rejected() =>
        AssertOnly(AppraiseNvidia(Set(2, (index, claims) => claims["eat_nonce"] = index == 1 ? new string('0', 64) : Convert.ToHexString(Nonce))), CheckNames.TokenParts);

    [Theory]
    [InlineData("measres", "fail")]
    [InlineData("secboot", false)]
    [InlineData("x-nvidia-gpu-arch-check", false)]
    [InlineData("x-nvidia-gpu-attestation-report-signature-verified", null)]
    public void A_GPU_that_did_not_pass_is_rejected(string claim, object? value) =>
        AssertOnly(AppraiseNvidia(Set(1, (_, claims) => claims[claim] = JsonValue.Create(value))), CheckNames.TokenResult);

    [Theory]
    [InlineData("enabled")]
    [InlineData(null)]
    public void Debugging_is_rejected_and_silence_about_it_too(string? value) =>
        AssertOnly(AppraiseNvidia(Set(1, (_, claims) => claims["dbgstat"] = value)), CheckNames.TokenDebug);

    [Fact]
    public void An_overall_result_that_is_false_is_rejected() =>
        AssertOnly(AppraiseNvidia(Set(1, overall: claims => claims["x-nvidia-overall-att-result"] = false)), CheckNames.TokenResult);

    [Fact]
    public void An_ended_token_is_rejected() => AssertOnly(AppraiseNvidia(Set(1), at: At.AddHours(2)), CheckNames.TokenValidity);

    [Fact]
    public void A_token_without_an_end_is_rejected() => AssertOnly(AppraiseNvidia(Set(1, overall: claims => claims.Remove("exp"))), CheckNames.TokenValidity);

    [Fact]
    public void Another_issuer_is_rejected() => AssertOnly(AppraiseNvidia(Set(1, overall: claims => claims["iss"] = Nras + ".example")), CheckNames.TokenIssuer);

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
        using SimulatedNras other = new();
        AssertOnly(AppraiseNvidia(Set(1), other.Collateral), CheckNames.TokenSignature);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    [InlineData("ES256")]
    public void Another_algorithm_is_rejected(string algorithm)
    {
        JsonArray set = Set(1);
        string[] parts = set[0]![1]!.GetValue<string>().Split('.');
        parts[0] = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"{{algorithm}}","kid":"simulated-nras"}"""));
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
    [InlineData(MaaKind.Sgx)]
    [InlineData(MaaKind.SevSnp)]
    [InlineData(MaaKind.Tdx)]
    [InlineData(MaaKind.AzureSevSnp)]
    [InlineData(MaaKind.AzureTdx)]
    public void A_token_of_Azures_is_accepted(MaaKind kind)
    {
        Verdict verdict = AppraiseAzure(new MaaTokenSpec { Kind = kind });
        Assert.True(verdict.IsAccepted, $"{verdict.Reason}: {verdict.Find(verdict.Reason)}");
    }

    [Theory]
    [InlineData(MaaKind.Sgx, "x-ms-sgx-is-debuggable")]
    [InlineData(MaaKind.SevSnp, "x-ms-sevsnpvm-is-debuggable")]
    [InlineData(MaaKind.AzureSevSnp, "x-ms-sevsnpvm-is-debuggable")]
    [InlineData(MaaKind.Tdx, "tdx_td_attributes_debug")]
    [InlineData(MaaKind.AzureTdx, "tdx_td_attributes_debug")]
    public void A_debuggable_enclave_or_guest_is_rejected_and_silence_about_it_too(MaaKind kind, string claim)
    {
        AssertOnly(AppraiseAzure(new MaaTokenSpec { Kind = kind, EditHardware = claims => claims[claim] = true }), CheckNames.TokenDebug);
        AssertOnly(AppraiseAzure(new MaaTokenSpec { Kind = kind, EditHardware = claims => claims.Remove(claim) }), CheckNames.TokenDebug);
    }

    [Theory]
    [InlineData("https://attest.azure.net.example")]
    [InlineData("http://a.attest.azure.net")]
    [InlineData("https://a@b.attest.azure.net")]
    [InlineData("https://evilattest.azure.net")]
    [InlineData("https://a.attest.azure.net:444")]
    public void Another_issuer_of_Azures_kind_is_rejected(string issuer) => AssertOnly(
        AppraiseAzure(new MaaTokenSpec { Kind = MaaKind.Sgx, Edit = claims => claims["iss"] = issuer }), CheckNames.TokenIssuer);

    [Fact]
    public void A_token_that_points_at_other_keys_is_rejected_and_nothing_is_fetched() =>
        AssertOnly(AppraiseAzure(new MaaTokenSpec { Kind = MaaKind.Sgx, KeyAddress = "https://keys.example/certs" }), CheckNames.TokenIssuer);

    [Fact]
    public void A_guest_that_is_not_compliant_is_rejected() => AssertOnly(
        AppraiseAzure(new MaaTokenSpec { EditHardware = claims => claims["x-ms-compliance-status"] = "none" }), CheckNames.TokenResult);

    [Theory]
    [InlineData("\u00ff")]
    [InlineData("\\ud800")]
    public void A_text_that_cannot_be_read_is_malformed_and_never_throws(string text)
    {
        // One character of Latin-1 for each byte: the first is no UTF-8, the second is half of a surrogate pair.
        foreach (string claims in (string[])[$"{{\"iss\":\"{text}\"}}", $"{{\"{text}\":1}}"])
        {
            byte[] token = Encoding.ASCII.GetBytes(
                $"{Base64Url.EncodeToString("{\"alg\":\"ES384\"}"u8)}.{Base64Url.EncodeToString(Encoding.Latin1.GetBytes(claims))}.AAAA");
            foreach (bool nvidia in (bool[])[true, false])
            {
                Verdict verdict = Appraiser.AppraiseTokens(
                    token, nvidia, Encoding.UTF8.GetBytes(_maa.Collateral.ToJsonString()), Nonce, null, TrustAnchors.Production, At, TimeSource.Asserted);
                Assert.Equal((VerdictKind.Malformed, CheckNames.TokenFormat), (verdict.Kind, verdict.Reason));
            }
        }

        Assert.False(JsonWebKeySet.TryRead(Encoding.Latin1.GetBytes($"{{\"jwks\":{{\"keys\":[{{\"kid\":\"{text}\"}}]}}}}"), out _, out _));
        Assert.Null(HclKey.Configuration(Encoding.Latin1.GetBytes($"{{\"vm-configuration\":{{\"vmUniqueId\":\"{text}\"}}}}"), "vmUniqueId"));
    }

    private Verdict AppraiseAzure(MaaTokenSpec spec) => Appraiser.AppraiseTokens(
        _maa.MintBytes(spec with { Nonce = Nonce, IssuedAt = At }), nvidia: false, Encoding.UTF8.GetBytes(_maa.Collateral.ToJsonString()), Nonce, null,
        TrustAnchors.Production, At, TimeSource.Asserted);

    private JsonArray Set(int count, Action<int, JsonObject>? gpu = null, Action<JsonObject>? overall = null) =>
        _nras.Mint(new NrasTokenSpec { Nonce = Nonce, Count = count, IssuedAt = At, EditGpu = gpu, EditOverall = overall });

    private Verdict AppraiseNvidia(JsonArray set, JsonObject? jwks = null, byte[]? nonce = null, DateTimeOffset? at = null) =>
        AppraiseNvidia(Encoding.UTF8.GetBytes(set.ToJsonString()), jwks, nonce, at);

    private Verdict AppraiseNvidia(byte[] tokens, JsonObject? jwks = null, byte[]? nonce = null, DateTimeOffset? at = null) => Appraiser.AppraiseTokens(
        tokens, nvidia: true, Encoding.UTF8.GetBytes((jwks ?? _nras.Collateral).ToJsonString()), nonce ?? Nonce, null, TrustAnchors.Production, at ?? At,
        TimeSource.Asserted);

    private static void AssertOnly(Verdict verdict, string failed)
    {
        Assert.Equal(VerdictKind.Rejected, verdict.Kind);
        Assert.Equal([failed], verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name));
    }
}
