using System.Text;
using System.Text.Json;

namespace Verathos.Attestation.Collateral.Cache;

/// <summary>The form of a document on disk: one JSON object. What it says of times and sources is a note; the rest is verified when read.</summary>
internal static class DocumentFile
{
    private const int LongestFile = 24 << 20;

    public static byte[] Write(CollateralDocument document)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteString("kind", document.Kind.ToString());
            writer.WriteString("name", document.Name);
            writer.WriteString("channel", document.Channel);
            writer.WriteString("fetched_at", document.FetchedAt);
            writer.WriteString("source", document.Source);
            writer.WriteBase64String("body_b64", document.Body.Span);
            writer.WriteString("signature", Convert.ToHexStringLower(document.Signature.Span));
            writer.WriteString("chain_pem", Encoding.ASCII.GetString(document.ChainPem.Span));
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads one; false with a problem where the file is not such a document.</summary>
    public static bool TryRead(string path, out CollateralDocument? document, out string problem)
    {
        document = null;
        problem = "";
        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                problem = $"it is longer than {LongestFile} bytes";
                return false;
            }

            JsonElement root = JsonElement.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            if (root.GetProperty("version").GetInt32() != 1 || !Enum.TryParse(Text(root, "kind"), ignoreCase: false, out CollateralKind kind))
            {
                problem = "its version or kind is not known here";
                return false;
            }

            document = new CollateralDocument
            {
                Kind = kind,
                Name = Text(root, "name"),
                Channel = Text(root, "channel"),
                FetchedAt = root.GetProperty("fetched_at").GetDateTimeOffset(),
                Source = Text(root, "source"),
                Body = root.GetProperty("body_b64").GetBytesFromBase64(),
                Signature = Convert.FromHexString(Text(root, "signature")),
                ChainPem = Encoding.ASCII.GetBytes(Text(root, "chain_pem")),
            };
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            problem = $"it is not a document of this cache: {e.Message}";
            return false;
        }
    }

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? throw new FormatException($"{name} is missing");
}
