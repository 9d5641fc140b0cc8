using System.Buffers;
using System.Text.Json;

namespace Verathos.Enclave.OpenAi;

/// <summary>The answer to <c>GET /v1/models</c>.</summary>
internal static class ModelList
{
    /// <summary>OpenAI's list with the one model that is served.</summary>
    public static byte[] ToJson(string model, int contextLength)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            json.WriteStartObject();
            json.WriteString("id", model);
            json.WriteString("object", "model");
            json.WriteNumber("created", 0);
            json.WriteString("owned_by", "verathos");
            json.WriteNumber("context_length", contextLength);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
