using System.Globalization;
using System.Text.Json;

namespace Verathos.Client.Streams;

/// <summary>Reads the parts of an error answer that a person or a caller needs.</summary>
internal static class ErrorText
{
    private const int MaximumLength = 300;

    /// <summary>The message of an OpenAI error body, on one line; a plain note where there is none.</summary>
    public static string Of(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out JsonElement error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out JsonElement message)
                && message.ValueKind == JsonValueKind.String)
            {
                string text = string.Concat(message.GetString()!.Select(c => char.IsControl(c) ? ' ' : c));
                return text.Length <= MaximumLength ? text : text[..MaximumLength] + "...";
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a text that is not UTF-16: the note below says all that is known.
        }

        return "it gave no reason";
    }

    /// <summary>A Retry-After in seconds, at most an hour; null for anything else.</summary>
    public static TimeSpan? RetryAfter(string? value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
