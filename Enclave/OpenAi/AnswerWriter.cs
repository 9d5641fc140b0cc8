using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Verathos.Enclave.Memory;
using Verathos.Fingerprint.Sampling;

namespace Verathos.Enclave.OpenAi;

/// <summary>
/// Writes the server-sent events of one answer into one reused buffer: OpenAI's chunks with the token ids beside them, the
/// node's own events, and comment lines that fill every step up to a bucket, so that equal steps look equal on the wire.
/// </summary>
internal sealed class AnswerWriter : IDisposable
{
    // Server-sent events carry JSON as it is; only what would break a line must be escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly JsonEncodedText Index = JsonEncodedText.Encode("index");
    private static readonly JsonEncodedText Delta = JsonEncodedText.Encode("delta");
    private static readonly JsonEncodedText Content = JsonEncodedText.Encode("content");
    private static readonly JsonEncodedText Text = JsonEncodedText.Encode("text");
    private static readonly JsonEncodedText FinishReason = JsonEncodedText.Encode("finish_reason");
    private static readonly JsonEncodedText Choices = JsonEncodedText.Encode("choices");
    private static readonly JsonEncodedText Ids = JsonEncodedText.Encode("ids");
    private static readonly JsonEncodedText Verathos = JsonEncodedText.Encode("verathos");
    private readonly ApiEndpoint _endpoint;
    private readonly JsonEncodedText _id;
    private readonly JsonEncodedText _object;
    private readonly JsonEncodedText _model;
    private readonly long _created;
    private readonly int _bucket;
    private readonly bool _includeUsage;
    private readonly LogProbabilityWriter? _logProbabilities;
    private readonly SecretBuffer _buffer;
    private readonly Utf8JsonWriter _json;
    private bool _begun;

    /// <summary>A writer for one answer.</summary>
    /// <param name="request">The request that it answers.</param>
    /// <param name="id">The answer's id, as OpenAI's clients expect it.</param>
    /// <param name="created">Seconds since 1970.</param>
    /// <param name="bucket">Every step is filled up to a multiple of this many bytes; 0 fills nothing.</param>
    /// <param name="buffer">Takes the steps, and ends with the writer; null makes one.</param>
    /// <param name="logProbabilities">Writes log-probabilities, where they were asked for.</param>
    public AnswerWriter(ApiRequest request, string id, long created, int bucket, SecretBuffer? buffer = null, LogProbabilityWriter? logProbabilities = null)
    {
        _logProbabilities = logProbabilities;
        _buffer = buffer ?? new SecretBuffer(4096);
        _endpoint = request.Endpoint;
        _id = JsonEncodedText.Encode(id);
        _object = JsonEncodedText.Encode(_endpoint == ApiEndpoint.ChatCompletions ? "chat.completion.chunk" : "text_completion");
        _model = JsonEncodedText.Encode(request.Model, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        _created = created;
        _bucket = bucket;
        _includeUsage = request.IncludeUsage;
        _json = new Utf8JsonWriter(_buffer, Options);
    }

    /// <summary>What the current step holds so far.</summary>
    public ReadOnlySpan<byte> Step => _buffer.Span;

    /// <summary>The buffer behind, for tests that look whether it is zero afterwards.</summary>
    internal SecretBuffer Buffer => _buffer;

    /// <summary>Begins the next step; the last one is zeroed.</summary>
    public void Begin() => _buffer.Clear();

    /// <summary>The event that opens a stream: the signed acceptance, the receipt's secret and the prompt's ids.</summary>
    public void Acceptance(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> cose, ReadOnlySpan<byte> receiptSecret, ReadOnlySpan<int> promptIds)
    {
        BeginEvent(eventName);
        _json.WriteStartObject();
        WriteBase64Url("cose"u8, cose);
        WriteBase64Url("receipt_secret"u8, receiptSecret);
        _json.WritePropertyName("prompt_ids"u8);
        WriteIds(promptIds);
        _json.WriteEndObject();
        EndEvent();
    }

    /// <summary>A signed checkpoint.</summary>
    public void Checkpoint(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> cose)
    {
        BeginEvent(eventName);
        _json.WriteStartObject();
        WriteBase64Url("cose"u8, cose);
        _json.WriteEndObject();
        EndEvent();
    }

    /// <summary>One of OpenAI's chunks: a piece of text and the ids of the tokens that were computed for this step.</summary>
    /// <param name="text">The text; may be empty while characters or a stop text are incomplete.</param>
    /// <param name="ids">The ids since the last chunk.</param>
    /// <param name="finishReason">OpenAI's word for why the answer ends, or null.</param>
    /// <param name="logProbabilities">The token's log-probability and the likeliest ones', where they were asked for.</param>
    /// <param name="characters">Characters that the token completes, whether they are in this chunk or still held back.</param>
    /// <param name="trace">What the computation is committed to with the last of the ids, 32 bytes; empty where nothing is.</param>
    public void Chunk(
        ReadOnlySpan<char> text, ReadOnlySpan<int> ids, string? finishReason, ReadOnlySpan<TokenLogProbability> logProbabilities = default, int characters = 0, ReadOnlySpan<byte> trace = default)
    {
        BeginEvent([]);
        WriteHead();
        _json.WriteStartArray(Choices);
        _json.WriteStartObject();
        _json.WriteNumber(Index, 0);
        if (_endpoint == ApiEndpoint.ChatCompletions)
        {
            _json.WriteStartObject(Delta);
            if (!_begun)
            {
                _json.WriteString("role"u8, "assistant"u8);
            }

            if (!_begun || text.Length > 0 || finishReason is null)
            {
                _json.WriteString(Content, text);
            }

            _json.WriteEndObject();
        }
        else
        {
            _json.WriteString(Text, text);
        }

        _json.WritePropertyName("logprobs"u8);
        if (_logProbabilities is null)
        {
            _json.WriteNullValue();
        }
        else
        {
            _logProbabilities.Write(_json, logProbabilities, characters);
        }

        if (finishReason is null)
        {
            _json.WriteNull(FinishReason);
        }
        else
        {
            _json.WriteString(FinishReason, finishReason);
        }

        _json.WriteEndObject();
        _json.WriteEndArray();
        if (_includeUsage)
        {
            _json.WriteNull("usage"u8);
        }

        _json.WriteStartObject(Verathos);
        _json.WritePropertyName(Ids);
        WriteIds(ids);
        if (!trace.IsEmpty)
        {
            WriteBase64Url("trace"u8, trace);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        EndEvent();
        _begun = true;
    }

    /// <summary>The chunk that <c>stream_options.include_usage</c> asks for.</summary>
    public void Usage(int promptTokens, int completionTokens)
    {
        BeginEvent([]);
        WriteHead();
        _json.WriteStartArray(Choices);
        _json.WriteEndArray();
        _json.WriteStartObject("usage"u8);
        _json.WriteNumber("prompt_tokens"u8, promptTokens);
        _json.WriteNumber("completion_tokens"u8, completionTokens);
        _json.WriteNumber("total_tokens"u8, promptTokens + completionTokens);
        _json.WriteEndObject();
        _json.WriteEndObject();
        EndEvent();
    }

    /// <summary>OpenAI's end mark.</summary>
    public void Done() => _buffer.Append("data: [DONE]\n\n"u8);

    /// <summary>
    /// The step of an error after the stream has begun: OpenAI's error object as an event. It lies apart from the answer's
    /// buffer, which may be wiped by then.
    /// </summary>
    public static byte[] ErrorStep(ApiError error, int bucket)
    {
        using SecretBuffer buffer = new(Math.Max(bucket, 512));
        buffer.Append("data: "u8);
        buffer.Append(error.ToJson());
        buffer.Append("\n\n"u8);
        Pad(buffer, bucket);
        return buffer.Span.ToArray();
    }

    /// <summary>Fills the step up to the bucket with a comment, which every reader of server-sent events passes over.</summary>
    public void Pad() => Pad(_buffer, _bucket);

    private static void Pad(SecretBuffer buffer, int bucket)
    {
        int missing = bucket == 0 ? 0 : (bucket - (buffer.Length % bucket)) % bucket;
        if (missing == 0)
        {
            return;
        }

        Span<byte> filling = buffer.GetSpan(missing)[..missing];
        filling.Fill((byte)'.');
        if (missing > 1)
        {
            filling[0] = (byte)':';
        }

        // A lone byte is an empty line, which dispatches nothing.
        filling[^1] = (byte)'\n';
        buffer.Advance(missing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _buffer.Dispose();
    }

    private void WriteHead()
    {
        _json.WriteStartObject();
        _json.WriteString("id"u8, _id);
        _json.WriteString("object"u8, _object);
        _json.WriteNumber("created"u8, _created);
        _json.WriteString("model"u8, _model);
    }

    private void WriteIds(ReadOnlySpan<int> ids)
    {
        _json.WriteStartArray();
        foreach (int id in ids)
        {
            _json.WriteNumberValue(id);
        }

        _json.WriteEndArray();
    }

    private void WriteBase64Url(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        using SecretBuffer text = new(Base64Url.GetEncodedLength(value.Length));
        text.Advance(Base64Url.EncodeToUtf8(value, text.GetSpan(Base64Url.GetEncodedLength(value.Length))));
        _json.WriteString(name, text.Span);
    }

    private void BeginEvent(ReadOnlySpan<byte> eventName)
    {
        if (eventName.Length > 0)
        {
            _buffer.Append("event: "u8);
            _buffer.Append(eventName);
            _buffer.Append("\n"u8);
        }

        _buffer.Append("data: "u8);
        _json.Reset();
    }

    private void EndEvent()
    {
        _json.Flush();
        _buffer.Append("\n\n"u8);
    }
}
