using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Attestation.Tests.Collateral;
using Verathos.Attestation.Verdicts;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Azure;

/// <summary>A Microsoft Azure Attestation on loopback: what it is sent, and whose tokens are taken. Minted: no recorded token of it is whole here.</summary>
public sealed class AzureAttestationClientTests : IAsyncLifetime
{
    private const string Issuer = "https://test.weu.attest.azure.net";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    private readonly ReplayServer _server = new();
    private readonly CollateralTransport _transport = CollateralTransport.Create(Collecting.Limits);
    private readonly RSA _key = RSA.Create(2048);
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(32);

    public ValueTask InitializeAsync()
    {
        Serve();
        _server.Reply("/certs", ReplayServer.Ok(Encoding.UTF8.GetBytes(Keys().ToJsonString())));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _transport.Dispose();
        _key.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(AzureAttestationKind.SgxEnclave, "quote")]
    [InlineData(AzureAttestationKind.TdxVm, "quote")]
    [InlineData(AzureAttestationKind.SevSnpVm, "report")]
    [InlineData(AzureAttestationKind.AzureGuest, "attestationInfo")]
    public async Task Evidence_is_posted_in_the_operations_form_and_the_token_verifies(AzureAttestationKind kind, string member)
    {
        AzureAttestationAnswer answer = await AttestAsync(kind);

        ReplayServer.Request post = _server.Requests.First();
        Assert.Equal("POST", post.Method);
        Assert.Equal($"/attest/{kind}?api-version=2025-06-01", post.Target);
        JsonObject body = JsonNode.Parse(post.Body)!.AsObject();
        byte[] sent = Base64Url.DecodeFromChars(body[member]!.GetValue<string>());
        if (kind == AzureAttestationKind.SevSnpVm)
        {
            JsonObject report = JsonNode.Parse(sent)!.AsObject();
            Assert.Equal("certificates"u8.ToArray(), Base64Url.DecodeFromChars(report["VcekCertChain"]!.GetValue<string>()));
            sent = Base64Url.DecodeFromChars(report["SnpReport"]!.GetValue<string>());
        }

        Assert.Equal("the evidence"u8.ToArray(), sent);
        if (kind == AzureAttestationKind.AzureGuest)
        {
            Assert.Single(body);
        }
        else
        {
            Assert.Equal(Convert.ToHexStringLower(_nonce), body["nonce"]!.GetValue<string>());
            Assert.Equal("runtime"u8.ToArray(), Base64Url.DecodeFromChars(body["runtimeData"]!["data"]!.GetValue<string>()));
            Assert.Equal("Binary", body["runtimeData"]!["dataType"]!.GetValue<string>());
        }

        Verdict verdict = Judge(answer);
        Assert.True(verdict.IsAccepted, verdict.Reason);
    }

    [Fact]
    public async Task Pinned_keys_are_used_and_none_are_fetched()
    {
        AzureAttestationAnswer answer = await AttestAsync(pinned: Encoding.UTF8.GetBytes(Keys().ToJsonString()));
        Assert.Single(_server.Requests);
        Assert.True(Judge(answer).IsAccepted);
    }

    [Fact]
    public async Task A_token_that_names_other_keys_has_nobody_asked_and_is_rejected()
    {
        await using ReplayServer elsewhere = new();
        Serve(header => header["jku"] = new Uri(elsewhere.Address, "/certs").AbsoluteUri);
        AzureAttestationAnswer answer = await AttestAsync();
        Assert.Empty(elsewhere.Requests);
        Assert.Equal(CheckNames.TokenIssuer, Judge(answer).Reason);
    }

    [Fact]
    public async Task A_token_of_another_key_is_rejected()
    {
        using RSA other = RSA.Create(2048);
        Serve(key: other);
        Assert.Equal(CheckNames.TokenSignature, Judge(await AttestAsync()).Reason);
    }

    [Fact]
    public async Task A_token_for_another_nonce_is_rejected()
    {
        Serve(payload: claims => claims["nonce"] = new string('0', 64));
        Assert.Equal(CheckNames.TokenNonce, Judge(await AttestAsync()).Reason);
    }

    [Theory]
    [InlineData("https://other.attest.azure.net")]
    [InlineData("https://test.weu.attest.azure.net.example.org")]
    public async Task Another_instances_token_is_not_taken(string issuer)
    {
        Serve(payload: claims => claims["iss"] = issuer);
        CollateralException refused = await Assert.ThrowsAsync<CollateralException>(() => AttestAsync());
        Assert.Equal(FetchFailure.WrongContent, refused.Failure);
        Assert.Contains(issuer, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"error\":{\"code\":\"InvalidParameter\",\"message\":\"quote\"}}", 400, FetchFailure.Refused)]
    [InlineData("<html>", 200, FetchFailure.WrongContent)]
    [InlineData("{\"token\":null}", 200, FetchFailure.WrongContent)]
    [InlineData("{\"token\":\"a.b\"}", 200, FetchFailure.WrongContent)]
    [InlineData("", 500, FetchFailure.ServerError)]
    public async Task An_answer_that_is_no_token_has_its_name(string body, int status, FetchFailure failure)
    {
        _server.Reply("/attest/TdxVm", ReplayServer.Whole(status, Encoding.UTF8.GetBytes(body)));
        CollateralException refused = await Assert.ThrowsAsync<CollateralException>(() => AttestAsync());
        Assert.Equal(failure, refused.Failure);
    }

    [Fact]
    public async Task Keys_that_are_none_have_their_name()
    {
        _server.Reply("/certs", ReplayServer.Ok("{\"keys\": 1}"u8));
        Assert.Equal(FetchFailure.WrongContent, (await Assert.ThrowsAsync<CollateralException>(() => AttestAsync())).Failure);
    }

    [Fact]
    public void An_instance_that_may_not_be_asked_is_misuse() =>
        Assert.Throws<ArgumentException>(() => new AzureAttestationClient(_transport, new AzureAttestationOptions { Endpoint = new Uri("http://attest.example.org/") }));

    private Task<AzureAttestationAnswer> AttestAsync(AzureAttestationKind kind = AzureAttestationKind.TdxVm, byte[]? pinned = null) =>
        new AzureAttestationClient(_transport, new AzureAttestationOptions { Endpoint = _server.Address, Issuer = Issuer, PinnedKeys = pinned }).AttestAsync(
            new AzureAttestationRequest
            {
                Kind = kind,
                Evidence = "the evidence"u8.ToArray(),
                CertificatesPem = "certificates"u8.ToArray(),
                RuntimeData = "runtime"u8.ToArray(),
                Nonce = _nonce,
            },
            TestContext.Current.CancellationToken);

    private Verdict Judge(AzureAttestationAnswer answer) =>
        Appraiser.AppraiseTokens(answer.Token, nvidia: false, answer.Collateral, _nonce, null, TrustAnchors.Production, Now, TimeSource.Asserted);

    private JsonObject Keys()
    {
        RSAParameters parameters = _key.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA",
                ["kid"] = "one",
                ["n"] = Base64Url.EncodeToString(parameters.Modulus),
                ["e"] = Base64Url.EncodeToString(parameters.Exponent),
            }),
        };
    }

    private void Serve(Action<JsonObject>? header = null, Action<JsonObject>? payload = null, RSA? key = null)
    {
        JsonObject head = new() { ["alg"] = "RS256", ["kid"] = "one", ["typ"] = "JWT", ["jku"] = Issuer + "/certs" };
        JsonObject claims = new()
        {
            ["iss"] = Issuer,
            ["iat"] = Now.ToUnixTimeSeconds() - 10,
            ["nbf"] = Now.ToUnixTimeSeconds() - 10,
            ["exp"] = Now.ToUnixTimeSeconds() + 3600,
            ["nonce"] = Convert.ToHexStringLower(_nonce),
            ["x-ms-attestation-type"] = "tdxvm",
            ["tdx_td_attributes_debug"] = false,
        };
        header?.Invoke(head);
        payload?.Invoke(claims);
        string signed = $"{Part(head)}.{Part(claims)}";
        byte[] signature = (key ?? _key).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        byte[] answer = ReplayServer.Ok(Encoding.UTF8.GetBytes(new JsonObject { ["token"] = $"{signed}.{Base64Url.EncodeToString(signature)}" }.ToJsonString()));
        foreach (AzureAttestationKind kind in Enum.GetValues<AzureAttestationKind>())
        {
            _server.Reply($"/attest/{kind}", answer);
        }
    }

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
