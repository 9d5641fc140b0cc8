using System.Buffers;
using System.Text.Json;

namespace Verathos.Enclave.OpenAi;

/// <summary>The answer to <c>GET /v1/models</c>.</summary>
internal static class ModelList
{
    /// <summary>OpenAI's list of what is served, the default first.</summary>
    public static byte[] ToJson(IEnumerable<(string Name, int ContextLength)> models)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach ((string name, int contextLength) in models)
            {
                json.WriteStartObject();
                json.WriteString("id", name);
                json.WriteString("object", "model");
                json.WriteNumber("created", 0);
                json.WriteString("owned_by", "verathos");
                json.WriteNumber("context_length", contextLength);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
