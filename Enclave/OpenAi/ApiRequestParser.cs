using System.Text.Json;
using System.Text.Unicode;
using Verathos.Enclave.Memory;

namespace Verathos.Enclave.OpenAi;

/// <summary>
/// Reads a body of OpenAI's interface strictly: an unknown member, a member twice, a parameter that this node cannot honour
/// are refused by name instead of being ignored, since ignoring one would sign an answer to another question.
/// </summary>
public static class ApiRequestParser
{
    private const int MaxStops = 4;
    private const int MaxStopLength = 256;
    private const int MaxMessages = 4096;

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
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
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

            Reader reader = new(endpoint);
            error = reader.Read(document.RootElement);
            if (error is not null)
            {
                reader.Abandon();
                return false;
            }

            request = reader.Build();
            return true;
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

    private static string Shown(string name) => name.Length <= 64 ? name : string.Concat(name.AsSpan(0, 64), "...");

    private static string? FindDuplicate(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            HashSet<string> seen = new(StringComparer.Ordinal);
            foreach (JsonProperty member in element.EnumerateObject())
            {
                if (!seen.Add(member.Name))
                {
                    return Shown(member.Name);
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

    private sealed class Reader(ApiEndpoint endpoint)
    {
        private readonly List<ApiMessage> _messages = [];
        private readonly List<string> _stop = [];
        private string? _model;
        private string? _prompt;
        private SecretIds? _promptIds;
        private uint _temperature = 1_000_000;
        private uint _topP = 1_000_000;
        private int _topK;
        private ulong _seed;
        private int? _maxTokens;
        private bool _stream;
        private bool _includeUsage;

        private bool IsChat => endpoint == ApiEndpoint.ChatCompletions;

        public ApiError? Read(JsonElement root)
        {
            foreach (JsonProperty member in root.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Null && member.Name is not ("model" or "messages" or "prompt"))
                {
                    continue;
                }

                if (Member(member.Name, member.Value) is { } error)
                {
                    return error;
                }
            }

            if (_model is null)
            {
                return ApiError.Invalid("missing_parameter", "model", "The parameter 'model' is required.");
            }

            if (IsChat && _messages.Count == 0)
            {
                return ApiError.Invalid("missing_parameter", "messages", "The parameter 'messages' is required and must hold at least one message.");
            }

            return !IsChat && _prompt is null && _promptIds is null
                ? ApiError.Invalid("missing_parameter", "prompt", "The parameter 'prompt' is required.")
                : null;
        }

        public ApiRequest Build() => new()
        {
            Endpoint = endpoint,
            Model = _model!,
            Messages = _messages,
            Prompt = _prompt,
            PromptIds = _promptIds,
            TemperatureMicro = _temperature,
            TopPMicro = _topP,
            TopK = _topK,
            Seed = _seed,
            MaxTokens = _maxTokens,
            Stop = _stop,
            Stream = _stream,
            IncludeUsage = _includeUsage,
        };

        public void Abandon()
        {
            _model ??= string.Empty;
            Build().Dispose();
        }

        private ApiError? Member(string name, JsonElement value) => name switch
        {
            "model" => Text(name, value, out _model),
            "messages" when IsChat => Messages(value),
            "prompt" when !IsChat => Prompt(value),
            "temperature" => Micro(name, value, 0, 2_000_000, out _temperature),
            "top_p" => Micro(name, value, 1, 1_000_000, out _topP),
            "top_k" => Integer(name, value, 0, int.MaxValue, out _topK),
            "max_tokens" or "max_completion_tokens" when IsChat || name == "max_tokens" => MaxTokens(name, value),
            "seed" => Seed(value),
            "stop" => Stop(value),
            "stream" => Flag(name, value, out _stream),
            "stream_options" => StreamOptions(value),
            // OpenAI's own notes for its operator: they change no answer.
            "user" or "safety_identifier" or "prompt_cache_key" when value.ValueKind == JsonValueKind.String => null,
            "n" or "best_of" => Only(name, IsNumber(value, 1), "only one answer a request is given"),
            "presence_penalty" or "frequency_penalty" => Only(name, IsNumber(value, 0), "penalties are not part of the sampling that validators recompute"),
            "logprobs" => Only(name, value.ValueKind == JsonValueKind.False || (!IsChat && IsNumber(value, 0)), "log-probabilities are not returned"),
            "top_logprobs" => Only(name, IsNumber(value, 0), "log-probabilities are not returned"),
            "echo" when !IsChat => Only(name, value.ValueKind == JsonValueKind.False, "the prompt is not repeated"),
            "suffix" when !IsChat => Only(name, value is { ValueKind: JsonValueKind.String } && value.ValueEquals(ReadOnlySpan<byte>.Empty), "nothing is inserted before a suffix"),
            "logit_bias" => Only(name, IsEmpty(value), "a bias is not part of the sampling that validators recompute"),
            "response_format" => Only(name, IsTextFormat(value), "answers are plain text"),
            "tools" or "functions" => Only(name, IsEmpty(value), "tools are not called"),
            "tool_choice" or "function_call" => Only(name, value.ValueKind == JsonValueKind.String && value.ValueEquals("none"u8), "tools are not called"),
            "store" => Only(name, value.ValueKind == JsonValueKind.False, "nothing is stored"),
            "metadata" => Only(name, IsEmpty(value), "nothing is stored"),
            "modalities" => Only(name, value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text"u8), "answers are plain text"),
            "service_tier" => Only(name, value.ValueKind == JsonValueKind.String && (value.ValueEquals("auto"u8) || value.ValueEquals("default"u8)), "there is one tier"),
            _ => ApiError.Unsupported(Shown(name), "this node does not know it and will not ignore it"),
        };

        private static ApiError? Only(string name, bool isDefault, string why) => isDefault ? null : ApiError.Unsupported(name, why);

        private static bool IsNumber(JsonElement value, int expected) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && number == expected;

        private static bool IsEmpty(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Array => value.GetArrayLength() == 0,
            JsonValueKind.Object => value.GetPropertyCount() == 0,
            _ => false,
        };

        private static bool IsTextFormat(JsonElement value) =>
            value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 1 &&
            value.TryGetProperty("type"u8, out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text"u8);

        private static ApiError Wrong(string name, string must) =>
            ApiError.Invalid("invalid_parameter", name, $"The parameter '{name}' must be {must}.");

        private static ApiError? Text(string name, JsonElement value, out string? text)
        {
            text = null;
            if (value.ValueKind != JsonValueKind.String)
            {
                return Wrong(name, "a string");
            }

            text = value.GetString();
            return null;
        }

        private static ApiError? Flag(string name, JsonElement value, out bool flag)
        {
            flag = value.ValueKind == JsonValueKind.True;
            return flag || value.ValueKind == JsonValueKind.False ? null : Wrong(name, "true or false");
        }

        private static ApiError? Integer(string name, JsonElement value, int least, int most, out int number)
        {
            number = 0;
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number) && number >= least && number <= most
                ? null
                : Wrong(name, most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}");
        }

        // Decimal keeps what the client wrote; a double would move the millionths of values such as 0.1 + 0.2.
        private static ApiError? Micro(string name, JsonElement value, uint least, uint most, out uint micro)
        {
            micro = 0;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) &&
                number >= 0 && number <= most / 1_000_000m)
            {
                micro = (uint)decimal.Round(number * 1_000_000m, MidpointRounding.ToEven);
                if (micro >= least)
                {
                    return null;
                }
            }

            return Wrong(name, least == 0 ? $"a number from 0 to {most / 1_000_000}" : $"a number above 0 and at most {most / 1_000_000}");
        }

        private ApiError? MaxTokens(string name, JsonElement value)
        {
            if (_maxTokens is not null)
            {
                return ApiError.Invalid("invalid_parameter", name, "Send only one of 'max_tokens' and 'max_completion_tokens'.");
            }

            ApiError? error = Integer(name, value, 1, int.MaxValue, out int most);
            _maxTokens = most;
            return error;
        }

        private ApiError? Seed(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.Number)
            {
                if (value.TryGetInt64(out long signed))
                {
                    _seed = unchecked((ulong)signed);
                    return null;
                }

                if (value.TryGetUInt64(out _seed))
                {
                    return null;
                }
            }

            return Wrong("seed", "a 64-bit whole number");
        }

        private ApiError? Stop(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                return AddStop(value);
            }

            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MaxStops)
            {
                return Wrong("stop", $"a string or an array of at most {MaxStops} strings");
            }

            foreach (JsonElement item in value.EnumerateArray())
            {
                if (AddStop(item) is { } error)
                {
                    return error;
                }
            }

            return null;
        }

        private ApiError? AddStop(JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 and <= MaxStopLength } stop)
            {
                return Wrong("stop", $"made of strings of 1 to {MaxStopLength} characters");
            }

            _stop.Add(stop);
            return null;
        }

        private ApiError? StreamOptions(JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                return Wrong("stream_options", "an object");
            }

            foreach (JsonProperty member in value.EnumerateObject())
            {
                ApiError? error = member.Name switch
                {
                    "include_usage" => Flag("stream_options.include_usage", member.Value, out _includeUsage),
                    // Chunks are padded whatever this says.
                    "include_obfuscation" => Flag("stream_options.include_obfuscation", member.Value, out _),
                    _ => ApiError.Unsupported("stream_options." + Shown(member.Name), "this node does not know it and will not ignore it"),
                };
                if (error is not null)
                {
                    return error;
                }
            }

            return null;
        }

        private ApiError? Prompt(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                _prompt = value.GetString();
                return null;
            }

            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            {
                return Wrong("prompt", "a string or a non-empty array of token ids");
            }

            _promptIds = new SecretIds(value.GetArrayLength());
            foreach (JsonElement item in value.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int id) || id < 0)
                {
                    return Wrong("prompt", "a string or a non-empty array of token ids");
                }

                _promptIds.Append(id);
            }

            return null;
        }

        private ApiError? Messages(JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxMessages)
            {
                return Wrong("messages", $"an array of 1 to {MaxMessages} messages");
            }

            int index = 0;
            foreach (JsonElement item in value.EnumerateArray())
            {
                if (Message($"messages[{index++}]", item) is { } error)
                {
                    return error;
                }
            }

            return null;
        }

        private ApiError? Message(string at, JsonElement value)
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

            _messages.Add(new ApiMessage(role, content));
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
}
