using System.Text.Json;

namespace Verathos.Attestation.Nvidia;

/// <summary>
/// Several devices' evidence in one JSON text, as NVIDIA's tools write it: a list, possibly below <c>evidences</c>, of objects with
/// <c>evidence</c> and <c>certificate</c>, each base64. What else they say is not read: the report says it too, and is signed.
/// </summary>
public static class GpuEvidenceList
{
    private const int MaximumDevices = 64;
    private const int MaximumLength = 16 << 20;

    /// <summary>Parses the text; at least one device is required.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, out IReadOnlyList<GpuEvidence> devices, out ParseError error)
    {
        devices = [];
        error = default;
        if (json.Length > MaximumLength)
        {
            error = new ParseError("evidence list", $"{json.Length} bytes are more than {MaximumLength}");
            return false;
        }

        // Read as JSON, then each text as base64.
        ParseSteps.Add(2 * json.Length);
        try
        {
            JsonElement root = JsonElement.Parse(json.Span, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            root = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("evidences", out JsonElement inner) ? inner : root;
            if (root.GetArrayLength() is 0 or > MaximumDevices)
            {
                error = new ParseError("evidence list", $"{root.GetArrayLength()} devices where 1 to {MaximumDevices} are read");
                return false;
            }

            devices = [.. root.EnumerateArray().Select(item => new GpuEvidence(
                item.GetProperty("evidence").GetBytesFromBase64(), item.GetProperty("certificate").GetBytesFromBase64()))];
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            error = new ParseError("evidence list", e.Message);
            return false;
        }
    }
}
