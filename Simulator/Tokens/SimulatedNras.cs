using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tokens;

/// <summary>A software NVIDIA attestation service with a random key of its own: an overall token and one for each GPU, ES384.</summary>
public sealed class SimulatedNras : IDisposable
{
    private const string Issuer = "https://nras.attestation.nvidia.com";
    private const string KeyId = "simulated-nras";

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly TimeProvider time;

    /// <summary>Makes the service's key.</summary>
    /// <param name="time">The clock; the system's by default.</param>
    public SimulatedNras(TimeProvider? time = null) => this.time = time ?? TimeProvider.System;

    /// <summary>The key set, as a batch's line carries it.</summary>
    public JsonObject Collateral => JwtAuthor.Set(JwtAuthor.Ec(KeyId, key));

    /// <summary>Mints the tokens of one set: <c>[["JWT", overall], {"GPU-0": token, ...}]</c>.</summary>
    public JsonArray Mint(NrasTokenSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DateTimeOffset from = spec.IssuedAt ?? time.GetUtcNow().AddMinutes(-1);
        DateTimeOffset until = spec.Expires ?? from.AddHours(1);
        JsonObject parts = [];
        JsonObject modules = [];
        for (int i = 0; i < spec.Count; i++)
        {
            JsonObject gpu = Gpu(spec, i, from, until);
            spec.EditGpu?.Invoke(i, gpu);
            string token = Sign(spec, gpu);
            parts[$"GPU-{i}"] = token;
            modules[$"GPU-{i}"] = new JsonArray("DIGEST", new JsonArray("SHA-256", Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)))));
        }

        JsonObject overall = Common(spec, from, until);
        overall["sub"] = "NVIDIA-PLATFORM-ATTESTATION";
        overall["x-nvidia-ver"] = "2.0";
        overall["x-nvidia-overall-att-result"] = true;
        overall["submods"] = modules;
        spec.EditOverall?.Invoke(overall);
        return new JsonArray(new JsonArray("JWT", Sign(spec, overall)), parts);
    }

    /// <summary>As <see cref="Mint"/>, in UTF-8.</summary>
    public byte[] MintBytes(NrasTokenSpec spec) => Encoding.UTF8.GetBytes(Mint(spec).ToJsonString());

    /// <summary>Releases the private key.</summary>
    public void Dispose() => key.Dispose();

    private static JsonObject Common(NrasTokenSpec spec, DateTimeOffset from, DateTimeOffset until) => new()
    {
        ["iss"] = Issuer,
        ["iat"] = from.ToUnixTimeSeconds(),
        ["nbf"] = from.ToUnixTimeSeconds(),
        ["exp"] = until.ToUnixTimeSeconds(),
        ["eat_nonce"] = Convert.ToHexStringLower(spec.Nonce),
    };

    private static JsonObject Gpu(NrasTokenSpec spec, int index, DateTimeOffset from, DateTimeOffset until)
    {
        JsonObject claims = Common(spec, from, until);
        claims["ueid"] = $"48192387192837{index:D4}";
        claims["measres"] = "success";
        claims["secboot"] = true;
        claims["dbgstat"] = "disabled";
        claims["hwmodel"] = spec.Model;
        claims["x-nvidia-gpu-driver-version"] = spec.Driver;
        claims["x-nvidia-gpu-vbios-version"] = spec.Vbios;
        claims["x-nvidia-gpu-attestation-report-signature-verified"] = true;
        claims["x-nvidia-gpu-attestation-report-nonce-match"] = true;
        claims["x-nvidia-gpu-arch-check"] = true;
        return claims;
    }

    private string Sign(NrasTokenSpec spec, JsonObject claims)
    {
        JsonObject header = new() { ["kid"] = KeyId, ["alg"] = "ES384" };
        spec.EditHeader?.Invoke(header);
        using ECDsa? foreign = spec.Signature == SignatureFault.ForeignKey ? ECDsa.Create(ECCurve.NamedCurves.nistP384) : null;
        return JwtAuthor.Write(header, claims, data => (foreign ?? key).SignData(data, HashAlgorithmName.SHA384), spec.Signature);
    }
}
