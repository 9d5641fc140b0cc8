using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tokens;

/// <summary>A software Azure attestation provider with a random key of its own: RS256 tokens about enclaves and guests.</summary>
public sealed class SimulatedMaa : IDisposable
{
    private const string KeyId = "simulated-maa";

    private readonly RSA key = RSA.Create(2048);
    private readonly TimeProvider time;

    /// <summary>Makes the provider's key.</summary>
    /// <param name="time">The clock; the system's by default.</param>
    public SimulatedMaa(TimeProvider? time = null) => this.time = time ?? TimeProvider.System;

    /// <summary>The key set, as a batch's line carries it.</summary>
    public JsonObject Collateral => JwtAuthor.Set(JwtAuthor.Rsa(KeyId, key));

    /// <summary>Mints one token.</summary>
    public string Mint(MaaTokenSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DateTimeOffset from = spec.IssuedAt ?? time.GetUtcNow().AddMinutes(-1);
        JsonObject claims = new()
        {
            ["iss"] = spec.Issuer,
            ["iat"] = from.ToUnixTimeSeconds(),
            ["nbf"] = from.ToUnixTimeSeconds(),
            ["exp"] = (spec.Expires ?? from.AddHours(8)).ToUnixTimeSeconds(),
            ["x-ms-ver"] = "1.0",
        };
        JsonObject hardware = Hardware(spec);
        spec.EditHardware?.Invoke(hardware);
        if (spec.Kind is MaaKind.AzureSevSnp or MaaKind.AzureTdx)
        {
            claims["x-ms-attestation-type"] = "azurevm";
            claims["x-ms-isolation-tee"] = hardware;
            claims["x-ms-runtime"] = spec.Nonce is { } inner
                ? new JsonObject { ["client-payload"] = new JsonObject { ["nonce"] = Convert.ToHexStringLower(inner) } }
                : new JsonObject();
        }
        else
        {
            foreach ((string name, JsonNode? value) in hardware)
            {
                claims[name] = value?.DeepClone();
            }

            if (spec.Nonce is { } nonce)
            {
                claims["nonce"] = Convert.ToHexStringLower(nonce);
            }
        }

        spec.Edit?.Invoke(claims);
        JsonObject header = new() { ["alg"] = "RS256", ["jku"] = spec.KeyAddress ?? spec.Issuer + "/certs", ["kid"] = KeyId, ["typ"] = "JWT" };
        using RSA? foreign = spec.Signature == SignatureFault.ForeignKey ? RSA.Create(2048) : null;
        return JwtAuthor.Write(header, claims, data => (foreign ?? key).SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), spec.Signature);
    }

    /// <summary>As <see cref="Mint"/>, in ASCII.</summary>
    public byte[] MintBytes(MaaTokenSpec spec) => Encoding.ASCII.GetBytes(Mint(spec));

    /// <summary>Releases the private key.</summary>
    public void Dispose() => key.Dispose();

    private static JsonObject Hardware(MaaTokenSpec spec) => spec.Kind switch
    {
        MaaKind.Sgx => new JsonObject
        {
            ["x-ms-attestation-type"] = "sgx",
            ["x-ms-sgx-is-debuggable"] = false,
            ["x-ms-sgx-mrenclave"] = Hex(spec.Measurement ?? ReferenceMeasurement.MrEnclave),
            ["x-ms-sgx-mrsigner"] = Hex(ReferenceMeasurement.MrSigner),
            ["x-ms-sgx-product-id"] = 1,
            ["x-ms-sgx-svn"] = 1,
        },
        MaaKind.SevSnp or MaaKind.AzureSevSnp => new JsonObject
        {
            ["x-ms-attestation-type"] = "sevsnpvm",
            ["x-ms-compliance-status"] = "azure-compliant-cvm",
            ["x-ms-sevsnpvm-is-debuggable"] = false,
            ["x-ms-sevsnpvm-migration-allowed"] = false,
            ["x-ms-sevsnpvm-vmpl"] = 0,
            ["x-ms-sevsnpvm-guestsvn"] = 1,
            ["x-ms-sevsnpvm-snpfw-svn"] = 24,
            ["x-ms-sevsnpvm-launchmeasurement"] = Hex(spec.Measurement ?? ReferenceMeasurement.SnpMeasurement),
            ["x-ms-sevsnpvm-hostdata"] = new string('0', 64),
            ["x-ms-sevsnpvm-reportdata"] = new string('0', 128),
        },
        _ => new JsonObject
        {
            ["x-ms-attestation-type"] = "tdxvm",
            ["x-ms-compliance-status"] = "azure-compliant-cvm",
            ["attester_tcb_status"] = "UpToDate",
            ["tdx_td_attributes_debug"] = false,
            ["tdx_mrtd"] = Hex(spec.Measurement ?? ReferenceMeasurement.Mrtd),
            ["tdx_rtmr0"] = Hex(ReferenceMeasurement.Rtmr0),
            ["tdx_rtmr1"] = Hex(ReferenceMeasurement.Rtmr1),
            ["tdx_rtmr2"] = Hex(ReferenceMeasurement.Rtmr2),
            ["tdx_rtmr3"] = Hex(ReferenceMeasurement.Rtmr3),
            ["tdx_report_data"] = new string('0', 128),
        },
    };

    private static string Hex(byte[] value) => Convert.ToHexStringLower(value);
}
