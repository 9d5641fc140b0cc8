using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// Reads tokenizer.json of Hugging Face tokenizers: byte-level BPE (GPT-2's family), and BPE with bytes as fallback
/// (Llama 2's family). A member that would change ids and is not supported is an error.
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
            using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(json));
            JsonElement root = document.RootElement;
            JsonElement model = root.GetProperty("model");
            if (model.GetProperty("type").GetString() != "BPE")
            {
                throw new ModelFormatException($"tokenizer.json has a model of type {model.GetProperty("type").GetString()}; BPE is supported");
            }

            foreach (string member in (string[])["dropout", "continuing_subword_prefix", "end_of_word_suffix"])
            {
                Require(IsAbsent(model, member) || (model.GetProperty(member).ValueKind == JsonValueKind.String && model.GetProperty(member).GetString() == ""), $"model.{member}");
            }

            Require(!IsTrue(model, "ignore_merges"), "model.ignore_merges");
            Contents contents = Read(root, model);
            return IsTrue(model, "byte_fallback") ? SentencePieceJson.Load(root, model, contents, config) : LoadByteLevel(root, contents, config);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"tokenizer.json is damaged: {e.Message}", e);
        }
    }

    /// <summary>Whether a sequence begins with the BOS token, by the post-processor or the configuration.</summary>
    internal static bool AddsBos(JsonElement root, string? bos, TokenizerConfig config)
    {
        if (bos is null)
        {
            return false;
        }

        foreach (JsonElement step in Steps(root, "post_processor", "processors"))
        {
            if (step.GetProperty("type").GetString() == "TemplateProcessing")
            {
                JsonElement first = step.GetProperty("single")[0];
                return first.TryGetProperty("SpecialToken", out JsonElement special) && special.GetProperty("id").GetString() == bos;
            }
        }

        return config.AddsBos ?? false;
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

    internal static void Require(bool supported, string what)
    {
        if (!supported)
        {
            throw new ModelFormatException($"tokenizer.json uses {what} in a way that is not supported");
        }
    }

    private static Contents Read(JsonElement root, JsonElement model)
    {
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in model.GetProperty("vocab").EnumerateObject())
        {
            vocabulary[entry.Name] = entry.Value.GetInt32();
        }

        List<(string Left, string Right)> merges = [];
        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
        {
            string[] pair = merge.ValueKind == JsonValueKind.String ? merge.GetString()!.Split(' ') : [.. merge.EnumerateArray().Select(static e => e.GetString()!)];
            Require(pair.Length == 2, $"merge {merges.Count}");
            merges.Add((pair[0], pair[1]));
        }

        Dictionary<string, int> added = new(StringComparer.Ordinal);
        if (!IsAbsent(root, "added_tokens"))
        {
            foreach (JsonElement token in root.GetProperty("added_tokens").EnumerateArray())
            {
                string name = token.GetProperty("content").GetString()!;
                Require(name.Length > 0 && !IsTrue(token, "lstrip") && !IsTrue(token, "rstrip") && !IsTrue(token, "single_word"), $"the added token {name}");

                // Such a token would have to be found in a message's text and kept as text in an answer.
                Require(IsTrue(token, "special"), $"the added token {name} without \"special\": true");
                added[name] = token.GetProperty("id").GetInt32();
            }
        }

        int size = Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Values.DefaultIfEmpty(-1).Max()) + 1;
        int entries = vocabulary.Count + added.Count;
        Require(vocabulary.Count > 0 && size <= entries && vocabulary.Values.All(static id => id >= 0) && added.Values.All(static id => id >= 0), "ids with gaps or below zero");
        return new Contents(vocabulary, merges, added, size);
    }

    private static Tokenizer LoadByteLevel(JsonElement root, Contents contents, TokenizerConfig config)
    {
        Require(IsAbsent(root, "normalizer"), "a normalizer");
        List<Regex> stages = [];
        bool byteLevel = false;
        foreach (JsonElement step in Steps(root, "pre_tokenizer", "pretokenizers"))
        {
            switch (step.GetProperty("type").GetString())
            {
                case "Digits":
                    stages.Add(IsTrue(step, "individual_digits") ? StagedPreTokenizer.EachDigit : StagedPreTokenizer.DigitRuns);
                    break;
                case "Split":
                    Require(step.GetProperty("behavior").GetString() == "Isolated" && !IsTrue(step, "invert"), "Split other than Isolated");
                    stages.Add(SplitPattern(step.GetProperty("pattern")));
                    break;
                case "ByteLevel":
                    Require(!IsTrue(step, "add_prefix_space"), "add_prefix_space");
                    byteLevel = true;
                    if (!step.TryGetProperty("use_regex", out JsonElement useRegex) || useRegex.GetBoolean())
                    {
                        stages.Add(StagedPreTokenizer.Gpt2);
                    }

                    break;
                case string other:
                    throw new ModelFormatException($"tokenizer.json has the pre-tokenizer {other}; ByteLevel, Digits and Split are supported");
            }
        }

        Require(byteLevel, "a pre_tokenizer without ByteLevel");
        byte[][] bytes = new byte[contents.Size][];
        Array.Fill(bytes, []);
        foreach ((string token, int id) in contents.Vocabulary)
        {
            if (!contents.Added.ContainsKey(token))
            {
                Require(ByteLevelAlphabet.TryGetBytes(token, out bytes[id]), $"the token {token}, which is outside the byte-level alphabet,");
            }
        }

        int? bosId = config.Bos is not null && contents.Added.TryGetValue(config.Bos, out int id0) ? id0 : null;
        return new Tokenizer(new ByteLevelEncoder(contents, new StagedPreTokenizer(stages)), new TokenizerParts(bytes, contents.Added, bosId, AddsBos(root, config.Bos, config), StripsFirstSpace: false));
    }

    private static Regex SplitPattern(JsonElement pattern)
    {
        if (pattern.TryGetProperty("String", out JsonElement literal))
        {
            return new Regex(Regex.Escape(literal.GetString()!), RegexOptions.CultureInvariant);
        }

        try
        {
            // A file's pattern runs on requests' text: without backtracking limits it could be made to run for ever.
            return new Regex(pattern.GetProperty("Regex").GetString()!, RegexOptions.CultureInvariant | RegexOptions.Compiled, TimeSpan.FromSeconds(5));
        }
        catch (ArgumentException e)
        {
            throw new ModelFormatException($"tokenizer.json has a pattern that is not supported: {e.Message}", e);
        }
    }

    /// <summary>The lists that both families share.</summary>
    internal sealed record Contents(Dictionary<string, int> Vocabulary, List<(string Left, string Right)> Merges, Dictionary<string, int> Added, int Size);
}
