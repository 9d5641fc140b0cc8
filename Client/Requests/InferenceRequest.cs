using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Verathos.Client.Requests;

/// <summary>
/// A request in the OpenAI interface, made unambiguous before it is sealed: every sampling parameter is written out
/// with at most six decimals, so that the receipt can be required to repeat it exactly.
/// </summary>
public sealed class InferenceRequest
{
    /// <summary>Seeds that the client draws stay below 2^53, so that any JSON reader keeps them exact.</summary>
    private const long SeedLimit = 1L << 53;

    private const uint Million = 1_000_000;

    private readonly byte[] _body;

    private InferenceRequest(InferenceKind kind, byte[] body, RequestedParameters parameters, string? model, bool stream, bool includeUsage)
    {
        Kind = kind;
        _body = body;
        Parameters = parameters;
        Model = model;
        Stream = stream;
        IncludeUsage = includeUsage;
    }

    /// <summary>The endpoint.</summary>
    public InferenceKind Kind { get; }

    /// <summary>What the receipt must repeat.</summary>
    public RequestedParameters Parameters { get; }

    /// <summary>The model that the caller named, if any.</summary>
    public string? Model { get; }

    /// <summary>Whether the caller wants the answer in pieces. On the wire every answer is a stream.</summary>
    public bool Stream { get; }

    /// <summary>Whether the caller asked for usage at the end of a stream (<c>stream_options.include_usage</c>).</summary>
    public bool IncludeUsage { get; }

    /// <summary>The JSON body that is sealed, UTF-8.</summary>
    /// <param name="defaultModel">The model to name where the caller named none.</param>
    public byte[] Encode(string defaultModel)
    {
        if (Model is not null)
            return _body;

        byte[] name = JsonSerializer.SerializeToUtf8Bytes(defaultModel);
        return [.. "{\"model\":"u8, .. name, .. ","u8, .. _body.AsSpan(1)];
    }

    /// <summary>A chat request from its messages.</summary>
    /// <param name="messages">Role and content, in order.</param>
    /// <param name="model">The model's name, or null for the node's own.</param>
    /// <param name="temperature">0 is greedy.</param>
    /// <param name="topP">Nucleus mass, above 0 and at most 1.</param>
    /// <param name="topK">Candidates kept, 0 for all.</param>
    /// <param name="maxTokens">The most tokens to generate; null for the node's limit.</param>
    /// <param name="seed">The client's seed; null draws one.</param>
    /// <param name="stop">Strings that end the answer.</param>
    /// <param name="frequencyPenalty">Taken off a logit for each time that the answer holds the token, -2 to 2.</param>
    /// <param name="presencePenalty">Taken off a logit once where the answer holds the token, -2 to 2.</param>
    /// <param name="repetitionPenalty">Divides a logit where prompt or answer hold the token, above 0 and at most 10.</param>
    /// <param name="topLogProbabilities">How many of the likeliest tokens are named with every token; null asks for no log-probabilities.</param>
    /// <param name="responseFormat">The value of <c>response_format</c>, null for plain text.</param>
    /// <exception cref="VerathosException"><see cref="ClientFailure.InvalidRequest"/> when a parameter is out of range.</exception>
    public static InferenceRequest Chat(
        IEnumerable<(string Role, string Content)> messages,
        string? model = null,
        double temperature = 1,
        double topP = 1,
        int topK = 0,
        int? maxTokens = null,
        long? seed = null,
        IEnumerable<string>? stop = null,
        double frequencyPenalty = 0,
        double presencePenalty = 0,
        double repetitionPenalty = 1,
        int? topLogProbabilities = null,
        JsonObject? responseFormat = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        JsonArray list = [];
        foreach ((string role, string content) in messages)
            list.Add(new JsonObject { ["role"] = role, ["content"] = content });

        JsonObject body = new()
        {
            ["messages"] = list,
            ["temperature"] = temperature,
            ["top_p"] = topP,
            ["top_k"] = topK,
            ["stream"] = true,
        };
        if (model is not null)
            body["model"] = model;
        if (maxTokens is not null)
            body["max_tokens"] = maxTokens.Value;
        if (seed is not null)
            body["seed"] = seed.Value;
        if (stop is not null)
            body["stop"] = new JsonArray([.. stop.Select(s => (JsonNode)s)]);
        if (frequencyPenalty != 0)
            body["frequency_penalty"] = frequencyPenalty;
        if (presencePenalty != 0)
            body["presence_penalty"] = presencePenalty;
        if (repetitionPenalty != 1)
            body["repetition_penalty"] = repetitionPenalty;
        if (topLogProbabilities is int likeliest)
            (body["logprobs"], body["top_logprobs"]) = (true, likeliest);
        if (responseFormat is not null)
            body["response_format"] = responseFormat.DeepClone();

        return TryCreate(InferenceKind.Chat, body, out InferenceRequest? request, out string? error)
            ? request!
            : throw new VerathosException(ClientFailure.InvalidRequest, error!);
    }

    /// <summary>Reads a request as an OpenAI client sends it.</summary>
    /// <param name="kind">The endpoint.</param>
    /// <param name="json">The body, UTF-8.</param>
    /// <param name="request">The request on success.</param>
    /// <param name="error">What is wrong with it otherwise; names members, never content.</param>
    public static bool TryParse(InferenceKind kind, ReadOnlyMemory<byte> json, out InferenceRequest? request, out string? error)
    {
        request = null;
        JsonNode? node = null;
        try
        {
            if (Utf8.IsValid(json.Span))
                node = JsonNode.Parse(json.Span, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
        }
        catch (JsonException)
        {
            // As for bytes that are not UTF-8: said below.
        }

        if (node is not JsonObject body)
        {
            error = "the body is not one JSON object in UTF-8 that names each member once";
            return false;
        }

        try
        {
            return TryCreate(kind, body, out request, out error);
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair is JSON and no text.
            request = null;
            error = "a string of the body is not Unicode text";
            return false;
        }
    }

    private static bool TryCreate(InferenceKind kind, JsonObject body, out InferenceRequest? request, out string? error)
    {
        request = null;
        if (!TryFixedPoint(body, "temperature", Million, 2 * Million, out uint temperature, out error)
            || !TryFixedPoint(body, "top_p", Million, Million, out uint topP, out error)
            || !TryPenalty(body, "frequency_penalty", out int frequency, out error)
            || !TryPenalty(body, "presence_penalty", out int presence, out error)
            || !TryFixedPoint(body, "repetition_penalty", Million, 10 * Million, out uint repetition, out error)
            || !TryInteger(body, "top_k", 0, int.MaxValue, out long? topK, out error)
            || !TryInteger(body, "seed", long.MinValue, long.MaxValue, out long? seed, out error)
            || !TryInteger(body, "max_completion_tokens", 1, int.MaxValue, out long? maxCompletion, out error)
            || !TryInteger(body, "max_tokens", 1, int.MaxValue, out long? maxTokens, out error)
            || !TryInteger(body, "n", 1, 1, out _, out error)
            || !TryBoolean(body, "stream", out bool stream, out error)
            || !TryUsage(body, out bool usage, out error)
            || !TryModel(body, out string? model, out error))
        {
            return false;
        }

        if (topP == 0)
        {
            error = "top_p must be above 0 and at most 1";
            return false;
        }

        if (repetition == 0)
        {
            error = "repetition_penalty must be above 0 and at most 10";
            return false;
        }

        string content = kind == InferenceKind.Chat ? "messages" : "prompt";
        if (!body.ContainsKey(content))
        {
            error = $"{content} is missing";
            return false;
        }

        if (maxCompletion is not null && maxTokens is not null && maxCompletion != maxTokens)
        {
            error = "max_tokens and max_completion_tokens differ: send one of them";
            return false;
        }

        RequestedParameters parameters = new(
            temperature,
            topP,
            (int)(topK ?? 0),
            unchecked((ulong)(seed ?? DrawSeed())),
            (int?)(maxTokens ?? maxCompletion))
        {
            FrequencyPenaltyMicro = frequency,
            PresencePenaltyMicro = presence,
            RepetitionPenaltyMicro = repetition == Million ? 0 : repetition,
            ResponseFormat = FormatDigest(body),
        };
        request = new InferenceRequest(kind, Write(body, parameters), parameters, model, stream, usage);
        return true;
    }

    private static byte[] Write(JsonObject body, RequestedParameters parameters)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            foreach ((string name, JsonNode? value) in body)
            {
                if (name is "temperature" or "top_p" or "top_k" or "seed" or "max_tokens" or "max_completion_tokens" or "stream" or "stream_options" or "n"
                    or "frequency_penalty" or "presence_penalty" or "repetition_penalty" || value is null)
                    continue;

                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteNumber("temperature", parameters.TemperatureMicro / (decimal)Million);
            writer.WriteNumber("top_p", parameters.TopPMicro / (decimal)Million);
            writer.WriteNumber("top_k", parameters.TopK);
            writer.WriteNumber("seed", unchecked((long)parameters.Seed));
            if (parameters.MaxTokens is int maximum)
                writer.WriteNumber("max_tokens", maximum);
            if (parameters.FrequencyPenaltyMicro != 0)
                writer.WriteNumber("frequency_penalty", parameters.FrequencyPenaltyMicro / (decimal)Million);
            if (parameters.PresencePenaltyMicro != 0)
                writer.WriteNumber("presence_penalty", parameters.PresencePenaltyMicro / (decimal)Million);
            if (parameters.RepetitionPenaltyMicro != 0)
                writer.WriteNumber("repetition_penalty", parameters.RepetitionPenaltyMicro / (decimal)Million);

            writer.WriteBoolean("stream", true);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static long DrawSeed()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return (long)(BitConverter.ToUInt64(bytes) % SeedLimit);
    }

    private static bool TryFixedPoint(JsonObject body, string name, uint absent, uint maximum, out uint micro, out string? error)
    {
        micro = absent;
        error = null;
        if (body[name] is not { } node)
            return true;

        if (node.GetValueKind() == JsonValueKind.Number
            && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value)
            && value >= 0
            && value <= maximum / (decimal)Million)
        {
            micro = (uint)Math.Round(value * Million, MidpointRounding.ToEven);
            return true;
        }

        error = string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from 0 to {maximum / (decimal)Million:0.######}");
        return false;
    }

    private static bool TryPenalty(JsonObject body, string name, out int micro, out string? error)
    {
        micro = 0;
        error = null;
        if (body[name] is not { } node)
            return true;

        if (node.GetValueKind() == JsonValueKind.Number
            && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value)
            && value is >= -2 and <= 2)
        {
            micro = (int)Math.Round(value * Million, MidpointRounding.ToEven);
            return true;
        }

        error = $"{name} must be a number from -2 to 2";
        return false;
    }

    /// <summary>SHA-256 over the value's bytes as <see cref="Write"/> writes them; null for plain text.</summary>
    private static byte[]? FormatDigest(JsonObject body)
    {
        if (body["response_format"] is not { } format
            || (format is JsonObject { Count: 1 } single && single["type"] is { } type && type.GetValueKind() == JsonValueKind.String && type.GetValue<string>() == "text"))
        {
            return null;
        }

        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter writer = new(buffer))
            format.WriteTo(writer);

        return SHA256.HashData(buffer.WrittenSpan);
    }

    private static bool TryInteger(JsonObject body, string name, long minimum, long maximum, out long? value, out string? error)
    {
        value = null;
        error = null;
        if (body[name] is not { } node)
            return true;

        if (node.GetValueKind() == JsonValueKind.Number
            && long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= minimum
            && number <= maximum)
        {
            value = number;
            return true;
        }

        error = string.Create(CultureInfo.InvariantCulture, $"{name} must be a whole number from {minimum} to {maximum}");
        return false;
    }

    private static bool TryBoolean(JsonObject body, string name, out bool value, out string? error)
    {
        value = false;
        error = null;
        switch (body[name]?.GetValueKind())
        {
            case null or JsonValueKind.False:
                return true;
            case JsonValueKind.True:
                value = true;
                return true;
            default:
                error = $"{name} must be true or false";
                return false;
        }
    }

    private static bool TryUsage(JsonObject body, out bool usage, out string? error)
    {
        usage = false;
        error = null;
        if (body["stream_options"] is not { } node)
            return true;

        if (node is not JsonObject options)
        {
            error = "stream_options must be an object";
            return false;
        }

        return TryBoolean(options, "include_usage", out usage, out error);
    }

    private static bool TryModel(JsonObject body, out string? model, out string? error)
    {
        model = null;
        error = null;
        if (body["model"] is not { } node)
            return true;

        if (node.GetValueKind() != JsonValueKind.String)
        {
            error = "model must be a string";
            return false;
        }

        model = node.GetValue<string>();
        return true;
    }
}
