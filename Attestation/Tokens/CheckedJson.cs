using System.Text.Json;
using System.Text.Unicode;

namespace Verathos.Attestation.Tokens;

/// <summary>
/// JSON whose every name and text can be read. The platform's parser takes bytes that are no UTF-8 and halves of surrogate pairs
/// (RFC 8259 section 8), and throws only when such a text is asked for.
/// </summary>
internal static class CheckedJson
{
    /// <summary>Parses one value.</summary>
    /// <exception cref="JsonException">It is no JSON, or no UTF-8.</exception>
    /// <exception cref="InvalidOperationException">A name or a text is half of a surrogate pair.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> json, JsonDocumentOptions options)
    {
        ParseSteps.Add(2 * json.Length);
        if (!Utf8.IsValid(json))
        {
            throw new JsonException("the JSON is not UTF-8");
        }

        JsonElement root = JsonElement.Parse(json, options);
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = options.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped)
            {
                reader.GetString();
            }
        }

        return root;
    }
}
