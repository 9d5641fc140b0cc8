using System.Text;
using System.Text.Json;

namespace Verathos.Attestation.Batch;

/// <summary>What goes with a GPU's report: <c>{"chain_pem", "rims": [xml], "ocsp_b64": [...]}</c>.</summary>
internal sealed record GpuCollateral
{
    private const int MaximumItems = 64;

    /// <summary>The device certificates, PEM; empty where there are none.</summary>
    public ReadOnlyMemory<byte> ChainPem { get; private init; }

    /// <summary>Reference measurement files.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Rims { get; private init; } = [];

    /// <summary>OCSP responses, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> OcspResponses { get; private init; } = [];

    public static bool TryRead(ReadOnlyMemory<byte> json, out GpuCollateral? collateral, out string problem)
    {
        collateral = new GpuCollateral();
        problem = "";
        if (json.IsEmpty)
        {
            return true;
        }

        ParseSteps.Add(2 * json.Length);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            JsonElement root = document.RootElement;
            collateral = new GpuCollateral
            {
                ChainPem = root.TryGetProperty("chain_pem", out JsonElement chain) && chain.ValueKind != JsonValueKind.Null ? Encoding.UTF8.GetBytes(chain.GetString()!) : default,
                Rims = Items(root, "rims", text => Encoding.UTF8.GetBytes(text)),
                OcspResponses = Items(root, "ocsp_b64", text => Base64Text.TryDecode(text, out byte[] bytes) ? bytes : throw new FormatException("not base64")),
            };
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentNullException)
        {
            collateral = null;
            problem = "the collateral is not {\"chain_pem\": text, \"rims\": [text], \"ocsp_b64\": [base64]}";
            return false;
        }
    }

    private static ReadOnlyMemory<byte>[] Items(JsonElement root, string name, Func<string, byte[]> read)
    {
        if (!root.TryGetProperty(name, out JsonElement array) || array.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return array.GetArrayLength() <= MaximumItems
            ? [.. array.EnumerateArray().Select(item => (ReadOnlyMemory<byte>)read(item.GetString()!))]
            : throw new FormatException($"{name} has more than {MaximumItems} items");
    }
}
