using System.Buffers;
using System.Text.Json;

namespace Verathos.Enclave.OpenAi;

/// <summary>An error in OpenAI's shape, sealed to the client. No text of a request ever gets into it beyond a parameter's name.</summary>
/// <param name="Status">The inner HTTP status.</param>
/// <param name="Type">OpenAI's <c>type</c>, such as <c>invalid_request_error</c>.</param>
/// <param name="Code">A stable code for programs.</param>
/// <param name="Param">The parameter that is at fault, or null.</param>
/// <param name="Message">One sentence that says what to do.</param>
public sealed record ApiError(int Status, string Type, string Code, string? Param, string Message)
{
    private const string InvalidRequest = "invalid_request_error";

    /// <summary>How many seconds to wait before another try, or null.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>400: the request is wrong and stays wrong.</summary>
    public static ApiError Invalid(string code, string? param, string message) => new(400, InvalidRequest, code, param, message);

    /// <summary>400: a parameter that would change the answer and that this node cannot honour.</summary>
    public static ApiError Unsupported(string param, string why) =>
        new(400, InvalidRequest, "unsupported_parameter", param, $"The parameter '{param}' is not supported: {why}.");

    /// <summary>400: a schema that this node cannot hold an answer to.</summary>
    /// <param name="place">The keyword at fault with its place in the schema.</param>
    /// <param name="why">What is wrong with it.</param>
    public static ApiError UnsupportedSchema(string place, string why) =>
        new(400, InvalidRequest, "unsupported_schema", "response_format.json_schema.schema" + place, $"The schema cannot be held to: at '{place}', {why}.");

    /// <summary>404: no such path.</summary>
    public static ApiError NotFound() =>
        new(404, InvalidRequest, "not_found", null, "No such path. Use POST /v1/chat/completions, POST /v1/completions, POST /v1/verathos/openings or GET /v1/models.");

    /// <summary>404: another model than those that the evidence names.</summary>
    public static ApiError ModelNotFound(IReadOnlyList<string> served)
    {
        ArgumentNullException.ThrowIfNull(served);
        return new(404, InvalidRequest, "model_not_found", "model", served.Count == 1
            ? $"This node serves the model '{served[0]}' only."
            : $"This node serves the models '{string.Join("', '", served)}'.");
    }

    /// <summary>405: the path exists, the method does not.</summary>
    public static ApiError MethodNotAllowed(string allowed) =>
        new(405, InvalidRequest, "method_not_allowed", null, $"Use {allowed} on this path.");

    /// <summary>409: the client expects evidence that this keyset was not bound by.</summary>
    public static ApiError BindingMismatch() =>
        new(409, InvalidRequest, "binding_mismatch", "verathos-binding", "The binding that the request expects is not one of this keyset's. Fetch evidence for a fresh nonce, verify it and seal the request again.");

    /// <summary>409: the keyset takes no new requests because it has a successor.</summary>
    public static ApiError KeysetRetiring() =>
        new(409, InvalidRequest, "keyset_retiring", null, "The keyset has a successor and takes no new requests. Fetch evidence for a fresh nonce, verify it and seal the request again.");

    /// <summary>409: the same encapsulated header came before.</summary>
    public static ApiError Replayed() =>
        new(409, InvalidRequest, "request_replayed", null, "This encapsulated request was received before. Seal a new one.");

    /// <summary>413: the body is larger than the node takes.</summary>
    public static ApiError TooLarge(int limit) =>
        new(413, InvalidRequest, "request_too_large", null, $"The request is longer than {limit} bytes.");

    /// <summary>422: the prompt is longer than the context or the node's limit.</summary>
    public static ApiError PromptTooLong(int tokens, int limit) =>
        new(422, InvalidRequest, "context_length_exceeded", "messages", $"The prompt has {tokens} tokens; this node takes at most {limit} and needs room for the answer.");

    /// <summary>422: the request's keys and values exceed the memory for all of them together.</summary>
    public static ApiError TooMuchMemory(int promptTokens, int answerTokens, int room) =>
        new(422, InvalidRequest, "kv_memory_exceeded", "max_tokens", room < 1
            ? $"The prompt's {promptTokens} tokens exceed this node's memory for keys and values, whatever the answer's length. Send a shorter prompt."
            : $"The prompt's {promptTokens} tokens and an answer of {answerTokens} exceed this node's memory for keys and values. Ask for at most {room} tokens, or send a shorter prompt.");

    /// <summary>429: the queue is full.</summary>
    public static ApiError Busy(int retryAfterSeconds) =>
        new(429, "rate_limit_error", "queue_full", null, "The node's queue is full. Try again later, or another node.") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>404: no answer that can be opened so. One for every cause, to whoever does not hold the audit secret.</summary>
    public static ApiError OpeningNotFound() =>
        new(404, InvalidRequest, "opening_not_found", null, "There is no answer with this receipt and audit secret that can be opened.");

    /// <summary>410: the answer was kept as long as answers are. Told to who holds the audit secret.</summary>
    public static ApiError OpeningExpired() =>
        new(410, InvalidRequest, "opening_expired", null, "The answer was kept for as long as the node's configuration says, and can no longer be opened.");

    /// <summary>410: the answer had to make room, or the node changed. Told to who holds the audit secret.</summary>
    public static ApiError OpeningEvicted() =>
        new(410, InvalidRequest, "opening_evicted", null, "The answer had to make room for others, or the node's models or keys changed, and can no longer be opened.");

    /// <summary>403: as many of the receipt's openings were asked for as there may be.</summary>
    public static ApiError OpeningBudget(int limit) =>
        new(403, InvalidRequest, "opening_budget", null, $"At most {limit} openings of one receipt are given.");

    /// <summary>429: as many openings were asked for of late as the node gives.</summary>
    public static ApiError OpeningRate(int retryAfterSeconds) =>
        new(429, "rate_limit_error", "opening_rate", null, "The node gives no more openings at the moment. Try again later.") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>503: as many requests for openings run as may.</summary>
    public static ApiError OpeningBusy(int retryAfterSeconds) =>
        new(503, "server_error", "opening_busy", null, "The node is busy with other openings. Try again later.") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>422: the answer has no such step, layer or head.</summary>
    public static ApiError OpeningOutOfRange() =>
        new(422, InvalidRequest, "opening_out_of_range", null, "The answer has no such step, layer or head.");

    /// <summary>503: the replay record is full; it refuses and never forgets.</summary>
    public static ApiError ReplayRecordFull(int retryAfterSeconds) =>
        new(503, "server_error", "replay_record_full", null, "The node has recorded as many requests as this keyset allows. Try again after the next keyset, or another node.") { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>In a stream: its keyset ended before it did.</summary>
    public static ApiError KeysetEnded() =>
        new(503, "server_error", "keyset_ended", null, "The keyset ended before the answer did, so it has no receipt. Attest again and ask again.");

    /// <summary>500: a failure inside; the details stay inside.</summary>
    public static ApiError Internal() =>
        new(500, "server_error", "internal_error", null, "The enclave failed while it worked on this request. Nothing was signed for it.");

    /// <summary>Writes <c>{"error":{...}}</c>.</summary>
    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", Message);
            json.WriteString("type", Type);
            json.WriteString("param", Param);
            json.WriteString("code", Code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
