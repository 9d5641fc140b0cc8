using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Verathos.Enclave.Memory;
using static Verathos.Enclave.OpenAi.ApiValues;

namespace Verathos.Enclave.OpenAi;

/// <summary>Reads <c>response_format</c>.</summary>
internal static class ApiResponseFormats
{
    private const string Name = "response_format";

    /// <summary>Reads the value; plain text is null.</summary>
    public static ApiError? Read(JsonElement value, out ApiResponseFormat? format)
    {
        format = null;
        if (IsTextFormat(value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("type"u8, out JsonElement type) || type.ValueKind != JsonValueKind.String)
        {
            return Wrong(Name, "an object with the member 'type'");
        }

        if (type.ValueEquals("json_object"u8))
        {
            if (Unknown(value, Name, "type") is { } error)
            {
                return error;
            }

            format = new ApiResponseFormat(Digest(value), null);
            return null;
        }

        return type.ValueEquals("json_schema"u8)
            ? Schema(value, out format)
            : ApiError.Unsupported(Name + ".type", "only 'text', 'json_object' and 'json_schema' are known");
    }

    private static ApiError? Schema(JsonElement value, out ApiResponseFormat? format)
    {
        const string at = Name + ".json_schema";
        format = null;
        if (Unknown(value, Name, "type", "json_schema") is { } unknown)
        {
            return unknown;
        }

        if (!value.TryGetProperty("json_schema"u8, out JsonElement wrapper) || wrapper.ValueKind != JsonValueKind.Object ||
            !wrapper.TryGetProperty("schema"u8, out JsonElement schema))
        {
            return Wrong(at, "an object with the member 'schema'");
        }

        if (Unknown(wrapper, at, "name", "description", "schema", "strict") is { } inner)
        {
            return inner;
        }

        // A schema is held to wholly or refused, so both values mean the same.
        if (wrapper.TryGetProperty("strict"u8, out JsonElement strict) && strict.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null))
        {
            return Wrong(at + ".strict", "true or false");
        }

        format = new ApiResponseFormat(Digest(value), SecretBuffer.CopyOf(JsonMarshal.GetRawUtf8Value(schema)));
        return null;
    }

    private static byte[] Digest(JsonElement value) => SHA256.HashData(JsonMarshal.GetRawUtf8Value(value));

    private static ApiError? Unknown(JsonElement value, string at, params ReadOnlySpan<string> known)
    {
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                return ApiError.Unsupported($"{at}.{Shown(member.Name)}", "this node does not know it and will not ignore it");
            }
        }

        return null;
    }
}
