using System.Text.Json;
using Verathos.Enclave.Memory;
using static Verathos.Enclave.OpenAi.ApiValues;

namespace Verathos.Enclave.OpenAi;

/// <summary>Reads a chat's messages.</summary>
internal static class ApiMessages
{
    private const int MaxMessages = 4096;

    /// <summary>Reads the array; messages read before an error stay in the list for its owner to wipe.</summary>
    public static ApiError? Read(JsonElement value, List<ApiMessage> messages)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxMessages)
        {
            return Wrong("messages", $"an array of 1 to {MaxMessages} messages");
        }

        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (Message($"messages[{index++}]", item, messages) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static ApiError? Message(string at, JsonElement value, List<ApiMessage> messages)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return Wrong(at, "an object");
        }

        string? role = null;
        string? content = null;
        foreach (JsonProperty member in value.EnumerateObject())
        {
            ApiError? error = null;
            switch (member.Name)
            {
                case "role":
                    error = Role(at, member.Value, out role);
                    break;
                case "content":
                    error = Content(at + ".content", member.Value, out content);
                    break;
                case "name" or "refusal" or "tool_calls" or "function_call" or "audio" when member.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "name":
                    error = ApiError.Unsupported(at + ".name", "the chat template has no place for it");
                    break;
                case "tool_calls" or "tool_call_id" or "function_call":
                    error = ApiError.Unsupported($"{at}.{member.Name}", "tools are not called");
                    break;
                default:
                    error = ApiError.Unsupported($"{at}.{Shown(member.Name)}", "this node does not know it and will not ignore it");
                    break;
            }

            if (error is not null)
            {
                SecretText.Wipe(content);
                return error;
            }
        }

        if (role is null || content is null)
        {
            SecretText.Wipe(content);
            return ApiError.Invalid("missing_parameter", at, $"The message '{at}' needs 'role' and 'content'.");
        }

        messages.Add(new ApiMessage(role, content));
        return null;
    }

    private static ApiError? Role(string at, JsonElement value, out string? role)
    {
        role = value.ValueKind != JsonValueKind.String ? null
            : value.ValueEquals("user"u8) ? "user"
            : value.ValueEquals("assistant"u8) ? "assistant"
            : value.ValueEquals("system"u8) || value.ValueEquals("developer"u8) ? "system"
            : null;
        return role is null ? Wrong(at + ".role", "'system', 'developer', 'user' or 'assistant'") : null;
    }

    private static ApiError? Content(string at, JsonElement value, out string? content)
    {
        content = null;
        if (value.ValueKind == JsonValueKind.String)
        {
            content = value.GetString();
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            return Wrong(at, "a string or an array of text parts");
        }

        foreach (JsonElement part in value.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object || part.GetPropertyCount() != 2 ||
                !part.TryGetProperty("type"u8, out JsonElement type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals("text"u8) ||
                !part.TryGetProperty("text"u8, out JsonElement text) || text.ValueKind != JsonValueKind.String)
            {
                SecretText.Wipe(content);
                return ApiError.Unsupported(at, "only parts of the form {\"type\":\"text\",\"text\":...} are read");
            }

            string piece = text.GetString()!;
            string joined = content + piece;
            if (!ReferenceEquals(joined, content))
            {
                SecretText.Wipe(content);
            }

            if (!ReferenceEquals(joined, piece))
            {
                SecretText.Wipe(piece);
            }

            content = joined;
        }

        return null;
    }
}
