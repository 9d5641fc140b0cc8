using System.Text.Json;
using Verathos.Enclave.Memory;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Serving;
using static Verathos.Enclave.OpenAi.ApiValues;

namespace Verathos.Enclave.OpenAi;

/// <summary>Reads the members of one body into an <see cref="ApiRequest"/>.</summary>
internal sealed class ApiRequestReader(ApiEndpoint endpoint) : IDisposable
{
    private const int MaxStops = 4;
    private const int MaxStopLength = 256;

    private readonly List<ApiMessage> _messages = [];
    private readonly List<string> _stop = [];
    private string? _model;
    private string? _prompt;
    private SecretIds? _promptIds;
    private uint _temperature = 1_000_000;
    private uint _topP = 1_000_000;
    private int _topK;
    private int _frequency;
    private int _presence;
    private uint _repetition = SamplingParameters.One;
    private bool _logProbabilities;
    private int? _likeliest;
    private ulong _seed;
    private ApiResponseFormat? _format;
    private int? _maxTokens;
    private bool _stream;
    private bool _includeUsage;
    private bool _taken;

    private bool IsChat => endpoint == ApiEndpoint.ChatCompletions;

    /// <summary>Reads the members; the first that is wrong is the answer.</summary>
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

        if (_likeliest is not null && !_logProbabilities)
        {
            return ApiError.Invalid("invalid_parameter", "top_logprobs", "The parameter 'top_logprobs' needs 'logprobs' to be true.");
        }

        return !IsChat && _prompt is null && _promptIds is null
            ? ApiError.Invalid("missing_parameter", "prompt", "The parameter 'prompt' is required.")
            : null;
    }

    /// <summary>What was read; the caller owns it from here.</summary>
    public ApiRequest Take()
    {
        _taken = true;
        return Build();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_taken)
        {
            Build().Dispose();
        }
    }

    private ApiRequest Build() => new()
    {
        Endpoint = endpoint,
        Model = _model ?? string.Empty,
        Messages = _messages,
        Prompt = _prompt,
        PromptIds = _promptIds,
        TemperatureMicro = _temperature,
        TopPMicro = _topP,
        TopK = _topK,
        FrequencyPenaltyMicro = _frequency,
        PresencePenaltyMicro = _presence,
        RepetitionPenaltyMicro = _repetition == SamplingParameters.One ? 0 : _repetition,
        LogProbabilities = _logProbabilities ? _likeliest ?? 0 : null,
        ResponseFormat = _format,
        Seed = _seed,
        MaxTokens = _maxTokens,
        Stop = _stop,
        Stream = _stream,
        IncludeUsage = _includeUsage,
    };

    private ApiError? Member(string name, JsonElement value) => name switch
    {
        "model" => Text(name, value, out _model),
        "messages" when IsChat => ApiMessages.Read(value, _messages),
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
        "frequency_penalty" => Penalty(name, value, out _frequency),
        "presence_penalty" => Penalty(name, value, out _presence),
        "repetition_penalty" => Micro(name, value, 1, SamplingParameters.MaximumRepetitionMicro, out _repetition),
        "logprobs" when IsChat => Flag(name, value, out _logProbabilities),
        "logprobs" => Likeliest(name, value, all: true),
        "top_logprobs" when IsChat => Likeliest(name, value, all: false),
        "echo" when !IsChat => Only(name, value.ValueKind == JsonValueKind.False, "the prompt is not repeated"),
        "suffix" when !IsChat => Only(name, value is { ValueKind: JsonValueKind.String } && value.ValueEquals(ReadOnlySpan<byte>.Empty), "nothing is inserted before a suffix"),
        "logit_bias" => Only(name, IsEmpty(value), "a bias is not part of the sampling that validators recompute"),
        "response_format" => ApiResponseFormats.Read(value, out _format),
        "tools" or "functions" => Only(name, IsEmpty(value), "tools are not called"),
        "tool_choice" or "function_call" => Only(name, value.ValueKind == JsonValueKind.String && value.ValueEquals("none"u8), "tools are not called"),
        "store" => Only(name, value.ValueKind == JsonValueKind.False, "nothing is stored"),
        "metadata" => Only(name, IsEmpty(value), "nothing is stored"),
        "modalities" => Only(name, value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text"u8), "answers are plain text"),
        "service_tier" => Only(name, value.ValueKind == JsonValueKind.String && (value.ValueEquals("auto"u8) || value.ValueEquals("default"u8)), "there is one tier"),
        _ => ApiError.Unsupported(Shown(name), "this node does not know it and will not ignore it"),
    };

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

    private ApiError? Likeliest(string name, JsonElement value, bool all)
    {
        ApiError? error = Integer(name, value, 0, GenerationRequest.MaximumLogProbabilities, out int count);
        _likeliest = count;
        _logProbabilities |= all;
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
}
