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
        if (Member(body, "message") is not { } message)
            return "it gave no reason";

        string text = string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length <= MaximumLength ? text : text[..MaximumLength] + "...";
    }

    /// <summary>The code of an OpenAI error body; null where there is none.</summary>
    public static string? CodeOf(string body) =>
        Member(body, "code") is { Length: > 0 and <= 64 } code && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') ? code : null;

    private static string? Member(string body, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out JsonElement error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty(name, out JsonElement member)
                && member.ValueKind == JsonValueKind.String
                ? member.GetString()
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a text that is not UTF-16.
            return null;
        }
    }

    /// <summary>A Retry-After in seconds, at most an hour; null for anything else.</summary>
    public static TimeSpan? RetryAfter(string? value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
