using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Host.Cli;
using Verathos.Simulator;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Host.Tests.Commands;

/// <summary><c>verathos collateral token</c> against an Azure on loopback, and a GPU's report whose collateral is half at hand and half to be asked for.</summary>
public sealed class CollateralTokenTests : IAsyncLifetime
{
    private const string Issuer = "https://test.weu.attest.azure.net";

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;
    private readonly Installation _installation;
    private readonly ReplayServer _server = new();
    private readonly RSA _key = RSA.Create(2048);
    private readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public CollateralTokenTests()
    {
        _installation = Installation.OpenOrCreate(InFolder("sim"));
        File.WriteAllBytes(InFolder("quote.bin"), _installation.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] }));
        RSAParameters parameters = _key.ExportParameters(false);
        _server.Reply("/certs", ReplayServer.Ok(Encoding.UTF8.GetBytes(new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA",
                ["kid"] = "one",
                ["n"] = Base64Url.EncodeToString(parameters.Modulus),
                ["e"] = Base64Url.EncodeToString(parameters.Exponent),
            }),
        }.ToJsonString())));
        Serve(Issuer);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _key.Dispose();
        _installation.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_quote_is_posted_and_the_token_verifies_now_and_later_without_a_network()
    {
        (ExitCode code, JsonElement verdict) = await JsonAsync(
            "collateral", "token", InFolder("quote.bin"), "--endpoint", _server.Address.AbsoluteUri, "--issuer", Issuer, "--nonce", _nonce,
            "--out", InFolder("token.jwt"), "--keys-out", InFolder("keys.json"));
        Assert.True(code == ExitCode.NotAppraised, verdict.ToString());
        Assert.StartsWith("/attest/TdxVm?", _server.Targets.First(), StringComparison.Ordinal);

        int asked = _server.Requests.Count;
        (code, _) = await JsonAsync("evidence", "verify", InFolder("token.jwt"), "--collateral", InFolder("keys.json"), "--nonce", _nonce);
        Assert.Equal(ExitCode.NotAppraised, code);
        Assert.Equal(asked, _server.Requests.Count);
    }

    [Fact]
    public async Task A_token_of_another_issuer_and_one_for_another_nonce_are_rejected()
    {
        Serve("https://other.attest.azure.net");
        string[] verb = ["collateral", "token", InFolder("quote.bin"), "--endpoint", _server.Address.AbsoluteUri, "--issuer", Issuer];
        (ExitCode code, JsonElement refused) = await JsonAsync([.. verb, "--nonce", _nonce]);
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Contains("https://other.attest.azure.net", refused.GetProperty("error").GetString(), StringComparison.Ordinal);

        Serve(Issuer);
        (code, JsonElement rejected) = await JsonAsync([.. verb, "--nonce", new string('0', 64)]);
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Equal("token.nonce", rejected.GetProperty("verdict").GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData("http://attest.example.org/", ExitCode.Usage)]
    [InlineData("https://127.0.0.1:1/", ExitCode.Failed)]
    public async Task An_instance_that_may_not_be_asked_or_is_not_there_is_named(string endpoint, ExitCode expected)
    {
        (ExitCode code, JsonElement failed) = await JsonAsync("collateral", "token", InFolder("quote.bin"), "--endpoint", endpoint, "--timeout", "5");
        Assert.Equal(expected, code);
        Assert.NotEmpty(failed.GetProperty("error").GetString()!);
    }

    [Fact]
    public async Task A_GPUs_references_at_hand_are_not_asked_for_and_a_responder_that_fails_rejects()
    {
        MintedGpuEvidence gpu = _installation.Gpu.Mint(new GpuReportSpec { Nonce = Convert.FromHexString(_nonce) });
        File.WriteAllBytes(InFolder("gpu.bin"), gpu.Report);
        File.WriteAllBytes(InFolder("chain.pem"), gpu.CertificateChain);
        File.WriteAllBytes(InFolder("driver.xml"), _installation.Rim.Driver);
        File.WriteAllBytes(InFolder("vbios.xml"), _installation.Rim.Vbios);
        _server.Reply("/ocsp", ReplayServer.Whole(404, []));
        string[] verb =
        [
            "evidence", "verify", InFolder("gpu.bin"), "--chain", InFolder("chain.pem"), "--rim", InFolder("driver.xml"), "--rim", InFolder("vbios.xml"),
            "--nonce", _nonce, "--trust-anchor", InFolder("sim"),
        ];
        Assert.Equal(ExitCode.NotAppraised, (await JsonAsync(verb)).Code);

        (ExitCode code, JsonElement rejected) = await JsonAsync([.. verb, "--fetch", "--ocsp", new Uri(_server.Address, "/ocsp").AbsoluteUri]);
        Assert.Equal(ExitCode.Rejected, code);
        Assert.Equal("gpu.revocation", rejected.GetProperty("verdict").GetProperty("reason").GetString());
        Assert.Contains("HTTP 404", rejected.GetProperty("collateral_problem").GetString(), StringComparison.Ordinal);
        Assert.All(_server.Targets, target => Assert.Equal("/ocsp", target));
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    private void Serve(string issuer)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        JsonObject head = new() { ["alg"] = "RS256", ["kid"] = "one", ["typ"] = "JWT" };
        JsonObject claims = new()
        {
            ["iss"] = issuer,
            ["iat"] = now - 10,
            ["exp"] = now + 3600,
            ["nonce"] = _nonce,
            ["x-ms-attestation-type"] = "tdxvm",
            ["tdx_td_attributes_debug"] = false,
        };
        string signed = $"{Part(head)}.{Part(claims)}";
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        _server.Reply("/attest/TdxVm", ReplayServer.Ok(Encoding.UTF8.GetBytes(new JsonObject { ["token"] = $"{signed}.{Base64Url.EncodeToString(signature)}" }.ToJsonString())));
    }

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static async Task<(ExitCode Code, JsonElement Json)> JsonAsync(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await Application.RunAsync([.. arguments, "--json"], output, error, TestContext.Current.CancellationToken);
        return ((ExitCode)code, output.ToString().Length == 0 ? JsonElement.Parse(JsonSerializer.Serialize(new { error = error.ToString() })) : JsonElement.Parse(output.ToString()));
    }
}
