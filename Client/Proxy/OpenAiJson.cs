using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Verathos.Client.Requests;
using Verathos.Client.Streams;

namespace Verathos.Client.Proxy;

/// <summary>The JSON objects of the OpenAI interface that the proxy writes itself.</summary>
internal static class OpenAiJson
{
    /// <summary>An error body.</summary>
    public static byte[] Error(string message, string type, string? code, string? check = null, string? delivered = null) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", message);
        writer.WriteString("type", type);
        writer.WriteNull("param");
        writer.WriteString("code", code);
        if (check is not null)
            writer.WriteString("check", check);
        if (delivered is not null)
            writer.WriteString("delivered", delivered);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

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
