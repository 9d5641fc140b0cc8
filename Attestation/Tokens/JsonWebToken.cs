using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Verathos.Attestation.Tokens;

/// <summary>A signed token in compact form (RFC 7515 section 7.1, RFC 7519). Parsing verifies nothing.</summary>
public sealed class JsonWebToken
{
    private const int MaximumLength = 256 * 1024;
    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private JsonWebToken(JsonElement header, JsonElement payload, byte[] signedBytes, byte[] signature)
    {
        Header = header;
        Payload = payload;
        SignedBytes = signedBytes;
        Signature = signature;
    }

    /// <summary>The header.</summary>
    public JsonElement Header { get; }

    /// <summary>The claims.</summary>
    public JsonElement Payload { get; }

    /// <summary>What was signed: header and payload as they stand in the token.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; }

    /// <summary>The signature.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary><c>alg</c>; empty where absent.</summary>
    public string Algorithm => Text(Header, "alg") ?? "";

    /// <summary><c>kid</c>; null where absent.</summary>
    public string? KeyId => Text(Header, "kid");

    /// <summary><c>iss</c>; null where absent.</summary>
    public string? Issuer => Text(Payload, "iss");

    /// <summary>A time claim in Unix seconds; null where it is absent or no whole number.</summary>
    public DateTimeOffset? Time(string name) =>
        Payload.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long seconds)
            && seconds is >= 0 and < 253402300800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    /// <summary>A text claim; null where it is absent or no text.</summary>
    public string? Claim(string name) => Text(Payload, name);

    /// <summary>Parses a token. An algorithm <c>none</c>, a <c>crit</c> header and duplicate members are errors.</summary>
    public static bool TryParse(ReadOnlySpan<byte> compact, out JsonWebToken? token, out ParseError error)
    {
        token = null;
        ReadOnlySpan<byte> text = compact.Trim(" \t\r\n\0"u8);
        if (text.Length > MaximumLength)
        {
            error = new ParseError("token", $"{text.Length} bytes are more than {MaximumLength}");
            return false;
        }

        // The dots, the base64, the JSON of both parts.
        ParseSteps.Add(4 * text.Length);
        int first = text.IndexOf((byte)'.');
        int last = text.LastIndexOf((byte)'.');
        if (first <= 0 || last == first || text[(first + 1)..last].Contains((byte)'.'))
        {
            error = new ParseError("token", "not three parts with two dots between them");
            return false;
        }

        try
        {
            byte[] signature = Decode(text[(last + 1)..]);
            JsonElement header = CheckedJson.Parse(Decode(text[..first]), Reading);
            JsonElement payload = CheckedJson.Parse(Decode(text[(first + 1)..last]), Reading);
            if (header.ValueKind != JsonValueKind.Object || payload.ValueKind != JsonValueKind.Object)
            {
                error = new ParseError("token", "header and claims are not JSON objects");
                return false;
            }

            if (header.TryGetProperty("crit", out _))
            {
                error = new ParseError("crit", "no critical header is understood here");
                return false;
            }

            token = new JsonWebToken(header, payload, text[..last].ToArray(), signature);
            error = default;
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            error = new ParseError("token", e.Message);
            return false;
        }
    }

    internal static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.String
            ? element.GetString()
            : null;

    /// <summary>Base64url without padding and with zero spare bits: one text for one value (RFC 4648 section 3.5).</summary>
    /// <exception cref="FormatException">The text is not that.</exception>
    internal static byte[] Decode(ReadOnlySpan<byte> text)
    {
        byte[] bytes = Base64Url.DecodeFromUtf8(text);
        return Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes)).AsSpan().SequenceEqual(text)
            ? bytes
            : throw new FormatException("the base64url text is not canonical");
    }
}
