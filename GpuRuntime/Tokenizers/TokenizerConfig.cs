using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>What is used of tokenizer_config.json.</summary>
/// <param name="Bos">The name of the token that begins a sequence.</param>
/// <param name="Eos">The name of the token that ends one.</param>
/// <param name="AddsBos">add_bos_token, where given.</param>
/// <param name="ChatTemplate">chat_template, where given.</param>
public sealed record TokenizerConfig(string? Bos, string? Eos, bool? AddsBos, string? ChatTemplate)
{
    /// <summary>Says nothing.</summary>
    public static TokenizerConfig Empty { get; } = new(null, null, null, null);

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="ModelFormatException">The file is no JSON object of the expected form.</exception>
    public static TokenizerConfig Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            return new TokenizerConfig(Name(root, "bos_token"), Name(root, "eos_token"), Flag(root, "add_bos_token"), Template(root));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ModelFormatException($"tokenizer_config.json is damaged: {e.Message}", e);
        }
    }

    // A special token is a string or an object with its content.
    private static string? Name(JsonElement root, string member) =>
        !root.TryGetProperty(member, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Object ? value.GetProperty("content").GetString()
        : value.GetString();

    // One template, or several of which one is named default.
    private static string? Template(JsonElement root) => root.TryGetProperty("chat_template", out JsonElement value) && value.ValueKind == JsonValueKind.Array
        ? value.EnumerateArray().FirstOrDefault(static t => t.GetProperty("name").GetString() == "default") is { ValueKind: JsonValueKind.Object } found ? found.GetProperty("template").GetString() : null
        : Name(root, "chat_template");

    private static bool? Flag(JsonElement root, string member) =>
        root.TryGetProperty(member, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
}
