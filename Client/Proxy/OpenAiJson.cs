using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Client.Proxy;

/// <summary>The JSON objects of the OpenAI interface that the proxy writes itself.</summary>
internal static class OpenAiJson
{
    private static readonly SearchValues<char> ParameterCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    /// <summary>An error body.</summary>
    public static byte[] Error(string message, string type, string? code, string? check = null, string? delivered = null, string? parameter = null) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", message);
        writer.WriteString("type", type);
        writer.WriteString("param", parameter);
        writer.WriteString("code", code);
        if (check is not null)
            writer.WriteString("check", check);
        if (delivered is not null)
            writer.WriteString("delivered", delivered);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>The code of a mistake in a request's body, and the parameter that it begins with, where it names one.</summary>
    public static (string? Code, string? Parameter) Mistake(string message)
    {
        int end = message.IndexOf(' ', StringComparison.Ordinal);
        bool missing = message.EndsWith(" is missing", StringComparison.Ordinal);
        bool named = end > 0 && (missing || message.AsSpan(end).StartsWith(" must ")) && !message.AsSpan(0, end).ContainsAnyExcept(ParameterCharacters);
        return named ? (missing ? "missing_required_parameter" : "invalid_value", message[..end]) : (null, null);
    }

    /// <summary>One model of a list of models, as the node wrote it; null where the list has none of that id.</summary>
    public static byte[]? Model(byte[] list, string id)
    {
        using JsonDocument document = JsonDocument.Parse(list);
        foreach (JsonElement model in document.RootElement.GetProperty("data").EnumerateArray())
        {
            if (model.GetProperty("id").GetString() == id)
                return Encoding.UTF8.GetBytes(model.GetRawText());
        }

        return null;
    }

    /// <summary>A whole answer as <c>chat.completion</c> or <c>text_completion</c>.</summary>
    public static byte[] Completion(Answer answer) => Write(writer =>
    {
        bool chat = answer.Request.Kind == InferenceKind.Chat;
        writer.WriteStartObject();
        WriteHead(writer, answer, chat ? "chat.completion" : "text_completion");
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        if (chat)
        {
            writer.WriteStartObject("message");
            writer.WriteString("role", "assistant");
            writer.WriteString("content", answer.Text);
            writer.WriteNull("refusal");
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("text", answer.Text);
        }

        writer.WritePropertyName("logprobs");
        if (answer.LogProbabilities is { } logProbabilities)
            writer.WriteRawValue(logProbabilities);
        else
            writer.WriteNullValue();

        writer.WriteString("finish_reason", answer.FinishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        WriteUsage(writer, answer);
        WriteProof(writer, answer);
        writer.WriteEndObject();
    });

    /// <summary>The chunk without choices that ends a stream whose caller asked for usage.</summary>
    public static byte[] UsageChunk(Answer answer) => Write(writer =>
    {
        writer.WriteStartObject();
        WriteHead(writer, answer, answer.Request.Kind == InferenceKind.Chat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        WriteUsage(writer, answer);
        WriteProof(writer, answer);
        writer.WriteEndObject();
    });

    private static void WriteHead(Utf8JsonWriter writer, Answer answer, string kind)
    {
        writer.WriteString("id", answer.Id ?? "verathos");
        writer.WriteString("object", kind);
        writer.WriteNumber("created", answer.Transcript.SentAt.ToUnixTimeSeconds());
        writer.WriteString("model", answer.Model ?? answer.Request.Model ?? "verathos");
    }

    private static void WriteUsage(Utf8JsonWriter writer, Answer answer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", answer.PromptIds.Count);
        writer.WriteNumber("completion_tokens", answer.OutputIds.Count);
        writer.WriteNumber("total_tokens", answer.PromptIds.Count + answer.OutputIds.Count);
        writer.WriteEndObject();
    }

    private static void WriteProof(Utf8JsonWriter writer, Answer answer)
    {
        writer.WriteStartObject("verathos");
        writer.WriteBoolean("simulated", answer.Simulated);
        writer.WriteString("receipt", Base64Url.EncodeToString(answer.ReceiptBytes));
        writer.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> body)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter writer = new(buffer))
            body(writer);

        return buffer.WrittenSpan.ToArray();
    }
}
