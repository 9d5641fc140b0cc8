using System.Text;
using System.Text.Json;
using Verathos.Attestation.Tokens;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Azure;

/// <summary>The attestation key in an HCL report's runtime data. It is the only one that a TPM quote is judged by.</summary>
internal static class HclKey
{
    private const string Name = "HCLAkPub";

    /// <summary>Reads the one RSA key named <c>HCLAkPub</c>.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> runtimeData, out RsaPublicKey? key, out string problem)
    {
        key = null;
        problem = "the runtime data does not hold one RSA key named " + Name;
        try
        {
            JsonElement root = CheckedJson.Parse(runtimeData.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            JsonElement[] named = [.. keys.EnumerateArray().Where(item => JsonWebToken.Text(item, "kid") == Name)];
            return named.Length == 1 && JsonWebToken.Text(named[0], "kty") == "RSA"
                && JsonWebToken.Text(named[0], "n") is { } n && JsonWebToken.Text(named[0], "e") is { } e
                && RsaPublicKey.TryImport(JsonWebToken.Decode(Encoding.UTF8.GetBytes(n)), JsonWebToken.Decode(Encoding.UTF8.GetBytes(e)), out key);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            problem = $"the runtime data does not parse: {e.Message}";
            return false;
        }
    }

    /// <summary>A setting below <c>vm-configuration</c>; null where absent.</summary>
    public static JsonElement? Configuration(ReadOnlyMemory<byte> runtimeData, string name)
    {
        try
        {
            JsonElement root = CheckedJson.Parse(runtimeData.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("vm-configuration", out JsonElement configuration)
                && configuration.ValueKind == JsonValueKind.Object && configuration.TryGetProperty(name, out JsonElement value)
                    ? value
                    : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
