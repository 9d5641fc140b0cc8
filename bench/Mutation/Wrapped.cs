using System.Text;
using System.Text.Json.Nodes;

namespace Verathos.Bench.Mutation;

/// <summary>One member of a JSON object as raw bytes, so that what is changed is the document itself and not its spelling.</summary>
internal static class Wrapped
{
    /// <summary>The bytes that a member holds.</summary>
    public static byte[] Read(ReadOnlySpan<byte> json, string member, Spelling spelling)
    {
        string text = JsonNode.Parse(json)![member]!.GetValue<string>();
        return spelling switch
        {
            Spelling.Hex => Convert.FromHexString(text),
            Spelling.Base64 => Convert.FromBase64String(text),
            _ => Encoding.Latin1.GetBytes(text),
        };
    }

    /// <summary>The object with other bytes in that member. A text's bytes stand for one character each, whatever they are.</summary>
    public static Func<ReadOnlyMemory<byte>, byte[]> Writer(ReadOnlySpan<byte> json, string member, Spelling spelling)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        root.Remove(member);
        string rest = root.ToJsonString();
        string head = $"{{\"{member}\":";
        return bytes =>
        {
            string text = spelling switch
            {
                Spelling.Hex => Convert.ToHexStringLower(bytes.Span),
                Spelling.Base64 => Convert.ToBase64String(bytes.Span),
                _ => Encoding.Latin1.GetString(bytes.Span),
            };
            string value = JsonValue.Create(text)!.ToJsonString();
            return Encoding.UTF8.GetBytes(rest == "{}" ? head + value + "}" : $"{head}{value},{rest[1..]}");
        };
    }
}
