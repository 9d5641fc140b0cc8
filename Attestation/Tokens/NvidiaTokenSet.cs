using System.Text;
using System.Text.Json;

namespace Verathos.Attestation.Tokens;

/// <summary>
/// What NVIDIA's remote attestation service answers: an overall token and one for each GPU, as
/// <c>[["JWT", overall], {"GPU-0": token, ...}]</c>, or a single token.
/// </summary>
internal sealed class NvidiaTokenSet
{
    private const int MaximumParts = 64;
    private const int MaximumLength = 4 << 20;

    private NvidiaTokenSet(JsonWebToken? overall, IReadOnlyList<Part> parts)
    {
        Overall = overall;
        Parts = parts;
    }

    /// <summary>The overall token; null where the evidence is the token of one GPU alone.</summary>
    public JsonWebToken? Overall { get; }

    /// <summary>The tokens of single GPUs.</summary>
    public IReadOnlyList<Part> Parts { get; }

    public static bool TryParse(ReadOnlyMemory<byte> evidence, out NvidiaTokenSet? set, out ParseError error)
    {
        set = null;
        ReadOnlySpan<byte> text = evidence.Span.Trim(" \t\r\n\0"u8);
        if (text.Length > MaximumLength)
        {
            error = new ParseError("tokens", $"{text.Length} bytes are more than {MaximumLength}");
            return false;
        }

        if (text.IsEmpty || text[0] != (byte)'[')
        {
            if (!JsonWebToken.TryParse(text, out JsonWebToken? token, out error))
            {
                return false;
            }

            set = token!.Payload.TryGetProperty("x-nvidia-overall-att-result", out _)
                ? new NvidiaTokenSet(token, [])
                : new NvidiaTokenSet(null, [new Part("GPU", Encoding.ASCII.GetString(text), token)]);
            return true;
        }

        ParseSteps.Add(2 * text.Length);
        try
        {
            return TryParseSet(JsonElement.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 }), out set, out error);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            error = new ParseError("tokens", e.Message);
            return false;
        }
    }

    private static bool TryParseSet(JsonElement root, out NvidiaTokenSet? set, out ParseError error)
    {
        set = null;
        error = new ParseError("tokens", "not [[\"JWT\", token], {name: token}]");
        if (root.GetArrayLength() != 2 || root[0].ValueKind != JsonValueKind.Array || root[0].GetArrayLength() != 2
            || root[0][0].GetString() != "JWT" || root[1].ValueKind != JsonValueKind.Object || root[1].GetPropertyCount() > MaximumParts)
        {
            return false;
        }

        if (!JsonWebToken.TryParse(Encoding.UTF8.GetBytes(root[0][1].GetString() ?? ""), out JsonWebToken? overall, out error))
        {
            return false;
        }

        List<Part> parts = [];
        foreach (JsonProperty property in root[1].EnumerateObject())
        {
            string compact = property.Value.GetString() ?? "";
            if (!JsonWebToken.TryParse(Encoding.UTF8.GetBytes(compact), out JsonWebToken? part, out error))
            {
                return false;
            }

            parts.Add(new Part(property.Name, compact, part!));
        }

        set = new NvidiaTokenSet(overall, parts);
        error = default;
        return true;
    }

    /// <summary>One GPU's token.</summary>
    internal sealed record Part(string Name, string Compact, JsonWebToken Token);
}
