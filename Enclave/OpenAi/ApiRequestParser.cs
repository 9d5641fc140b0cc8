using System.Text.Json;
using System.Text.Unicode;

namespace Verathos.Enclave.OpenAi;

/// <summary>
/// Reads a body of OpenAI's interface strictly: an unknown member, a member twice, a parameter that this node cannot honour
/// are refused by name instead of being ignored, since ignoring one would sign an answer to another question.
/// </summary>
public static class ApiRequestParser
{
    /// <summary>Reads a body.</summary>
    /// <param name="endpoint">The path that it was sent to.</param>
    /// <param name="body">UTF-8 JSON.</param>
    /// <param name="request">The request; the caller disposes it.</param>
    /// <param name="error">What to answer where this returns false.</param>
    public static bool TryParse(ApiEndpoint endpoint, ReadOnlyMemory<byte> body, out ApiRequest? request, out ApiError? error)
    {
        request = null;
        error = null;
        if (!Utf8.IsValid(body.Span))
        {
            error = ApiError.Invalid("invalid_utf8", null, "The body is not UTF-8.");
            return false;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 64 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                error = ApiError.Invalid("invalid_json", null, "The body must be a JSON object.");
                return false;
            }

            if (FindDuplicate(document.RootElement) is { } duplicate)
            {
                error = ApiError.Invalid("duplicate_member", duplicate, $"The member '{duplicate}' appears twice.");
                return false;
            }

            using ApiRequestReader reader = new(endpoint);
            error = reader.Read(document.RootElement);
            request = error is null ? reader.Take() : null;
            return error is null;
        }
        catch (JsonException exception)
        {
            error = ApiError.Invalid("invalid_json", null, $"The body is not JSON: see line {(exception.LineNumber ?? 0) + 1}, byte {(exception.BytePositionInLine ?? 0) + 1}.");
            return false;
        }
        catch (InvalidOperationException)
        {
            // GetString refuses an escaped surrogate without its other half.
            error = ApiError.Invalid("invalid_utf8", null, "A string in the body is not valid Unicode.");
            return false;
        }
    }

    private static string? FindDuplicate(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            HashSet<string> seen = new(StringComparer.Ordinal);
            foreach (JsonProperty member in element.EnumerateObject())
            {
                if (!seen.Add(member.Name))
                {
                    return ApiValues.Shown(member.Name);
                }

                if (FindDuplicate(member.Value) is { } inner)
                {
                    return inner;
                }
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                if (item.ValueKind is JsonValueKind.Object or JsonValueKind.Array && FindDuplicate(item) is { } inner)
                {
                    return inner;
                }
            }
        }

        return null;
    }
}
