using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>
/// The corpus as JSON lines: <c>{"messages":[{"role":…,"content":…}]}</c> for a conversation, <c>{"text":…}</c> for a
/// plain text; UTF-8, one document a line.
/// </summary>
public static class CorpusFile
{
    /// <summary>Writes the documents to a stream, if one is given, and returns the SHA-256 of the bytes in lower-case hex.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="output">Where they are written; null for nowhere.</param>
    /// <param name="digests">Takes the SHA-256 of each document's line without its end, 32 bytes; null if nobody wants it.</param>
    public static string Write(IEnumerable<Document> documents, Stream? output, ICollection<byte[]>? digests = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        foreach (Document document in documents)
        {
            Write(json, document);
            json.Flush();
            digests?.Add(SHA256.HashData(buffer.WrittenSpan));
            buffer.Write("\n"u8);
            hash.AppendData(buffer.WrittenSpan);
            output?.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
            json.Reset();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Write(Utf8JsonWriter json, Document document)
    {
        json.WriteStartObject();
        if (document.Turns.Count == 0)
        {
            json.WriteString("text", document.Text);
        }
        else
        {
            json.WriteStartArray("messages");
            foreach (Turn turn in document.Turns)
            {
                json.WriteStartObject();
                json.WriteString("role", turn.Role);
                json.WriteString("content", turn.Content);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
