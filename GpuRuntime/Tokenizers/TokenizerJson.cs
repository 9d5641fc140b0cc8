using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// Reads tokenizer.json of Hugging Face tokenizers: byte-level BPE (GPT-2's, Llama 3's, Qwen's and Tekken's families), and BPE
/// over characters with bytes as fallback (Llama 2's and Mistral's). A member that would change ids and is not supported is an
/// error.
/// </summary>
public static class TokenizerJson
{
    /// <summary>Makes a tokenizer.</summary>
    /// <param name="json">tokenizer.json, UTF-8.</param>
    /// <param name="config">What tokenizer_config.json says.</param>
    /// <exception cref="ModelFormatException">The file is damaged or uses something that is not supported; the message names it.</exception>
    public static Tokenizer Load(ReadOnlySpan<byte> json, TokenizerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        try
        {
            Utf8JsonReader reader = new(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);

            // Anything but the end is damage, of which the reader says what it is.
            reader.Read();
            return Load(document.RootElement, config);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"tokenizer.json is damaged: {e.Message}", e);
        }
    }

    /// <summary>The parts of a normalizer, pre_tokenizer or post_processor: itself, or the members of a Sequence.</summary>
    internal static IEnumerable<JsonElement> Steps(JsonElement root, string member, string sequence)
    {
        if (IsAbsent(root, member))
        {
            return [];
        }

        JsonElement value = root.GetProperty(member);
        return value.GetProperty("type").GetString() == "Sequence" ? [.. value.GetProperty(sequence).EnumerateArray()] : [value];
    }

    internal static bool IsAbsent(JsonElement element, string member) =>
        !element.TryGetProperty(member, out JsonElement value) || value.ValueKind == JsonValueKind.Null;

    internal static bool IsTrue(JsonElement element, string member) =>
        element.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A member that must be text.</summary>
    internal static string Text(JsonElement element, string member) => NotNull(element.GetProperty(member), member);

    /// <summary>A value that must be text.</summary>
    internal static string NotNull(JsonElement value, string what) =>
        value.GetString() ?? throw new ModelFormatException($"tokenizer.json has null where text must be: {what}");

    internal static void Require(bool supported, string what)
    {
        if (!supported)
        {
            throw new ModelFormatException($"tokenizer.json uses {what} in a way that is not supported");
        }
    }

    private static Tokenizer Load(JsonElement root, TokenizerConfig config)
    {
        JsonElement model = root.GetProperty("model");
        if (model.GetProperty("type").GetString() != "BPE")
        {
            throw new ModelFormatException($"tokenizer.json has a model of type {model.GetProperty("type").GetString()}; BPE is supported");
        }

        foreach (string member in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix"])
        {
            Require(IsAbsent(model, member) || (model.GetProperty(member).ValueKind == JsonValueKind.String && model.GetProperty(member).GetString() == ""), $"model.{member}");
        }

        TokenizerJsonVocabulary vocabulary = TokenizerJsonVocabulary.Read(root, model);
        (string? bos, bool addsBos) = Bos(root, config);
        int? bosId = bos is null ? null : vocabulary.Find(bos);
        Require(bosId is not null || !addsBos, $"the token {bos}, which is none,");
        bool characters = IsTrue(model, "byte_fallback");
        TextEncoder encoder = characters
            ? TokenizerJsonPipeline.Characters(root, model, vocabulary)
            : TokenizerJsonPipeline.ByteLevel(root, vocabulary);
        return new Tokenizer(encoder, new TokenizerParts(vocabulary.Bytes(characters), vocabulary.Added, bosId, addsBos, bos, config.Eos, TokenizerJsonPipeline.StripsFirstSpace(root)));
    }

    // The post-processor may put one token before a text; nothing else is known to it.
    private static (string? Name, bool Adds) Bos(JsonElement root, TokenizerConfig config)
    {
        foreach (JsonElement step in Steps(root, "post_processor", "processors"))
        {
            string type = Text(step, "type");
            Require(type is "ByteLevel" or "TemplateProcessing", $"the post-processor {type}");
            if (type == "TemplateProcessing")
            {
                JsonElement[] single = [.. step.GetProperty("single").EnumerateArray()];
                string?[] specials = [.. single.Select(static e => e.TryGetProperty("SpecialToken", out JsonElement special) ? Text(special, "id") : null)];
                Require(specials.Length is 1 or 2 && specials[^1] is null && (specials.Length == 1 || specials[0] is not null), "a TemplateProcessing other than one token and the text");
                return specials.Length == 2 ? (specials[0], true) : (config.Bos, false);
            }
        }

        return (config.Bos, config.Bos is not null && config.AddsBos == true);
    }
}
