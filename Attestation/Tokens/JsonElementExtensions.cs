using System.Text.Json;

namespace Verathos.Attestation.Tokens;

/// <summary>Reads of JSON that never throw.</summary>
internal static class JsonElementExtensions
{
    /// <summary>True where the element is that string.</summary>
    public static bool IsText(this JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);
}
