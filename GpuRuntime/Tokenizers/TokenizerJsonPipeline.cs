using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>The normalizer, pre_tokenizer and decoder of a tokenizer.json.</summary>
internal static class TokenizerJsonPipeline
{
    /// <summary>The encoder of a vocabulary that is made of bytes.</summary>
    public static ByteLevelEncoder ByteLevel(JsonElement root, TokenizerJsonVocabulary vocabulary)
    {
        List<SplitStage> stages = [];
        bool byteLevel = false;
        foreach (JsonElement step in TokenizerJson.Steps(root, "pre_tokenizer", "pretokenizers"))
        {
            Require(!byteLevel, "a pre_tokenizer after ByteLevel");
            switch (TokenizerJson.Text(step, "type"))
            {
                case "Digits":
                    stages.Add(TokenizerJson.IsTrue(step, "individual_digits") ? DigitSplit.Each : DigitSplit.Runs);
                    break;
                case "Split":
                    Require(step.GetProperty("behavior").GetString() == "Isolated" && !TokenizerJson.IsTrue(step, "invert"), "Split other than Isolated");
                    JsonElement pattern = step.GetProperty("pattern");
                    stages.Add(pattern.TryGetProperty("String", out JsonElement literal) ? SplitPatterns.Literal(TokenizerJson.NotNull(literal, "pattern")) : SplitPatterns.Find(TokenizerJson.Text(pattern, "Regex")));
                    break;
                case "ByteLevel":
                    Require(!TokenizerJson.IsTrue(step, "add_prefix_space"), "add_prefix_space");
                    byteLevel = true;
                    if (!step.TryGetProperty("use_regex", out JsonElement useRegex) || useRegex.GetBoolean())
                    {
                        stages.Add(WordSplit.Gpt2Script);
                    }

                    break;
                case string other:
                    throw new ModelFormatException($"tokenizer.json has the pre-tokenizer {other}; ByteLevel, Digits and Split are supported where the vocabulary is made of bytes");
            }
        }

        Require(byteLevel, "a pre_tokenizer without ByteLevel");
        return new ByteLevelEncoder(vocabulary.Vocabulary, vocabulary.Bytes(characters: false), Normalizer(root, composesOnly: true), new StagedPreTokenizer(stages));
    }

    /// <summary>The encoder of a vocabulary that is made of characters, with bytes as fallback.</summary>
    public static CharacterEncoder Characters(JsonElement root, JsonElement model, TokenizerJsonVocabulary vocabulary)
    {
        Require(!vocabulary.Vocabulary.IgnoresMerges, "byte_fallback with ignore_merges");
        MetaspacePrefix? metaspace = null;
        foreach (JsonElement step in TokenizerJson.Steps(root, "pre_tokenizer", "pretokenizers"))
        {
            string type = TokenizerJson.Text(step, "type");
            bool whole = step.TryGetProperty("split", out JsonElement split) && split.ValueKind == JsonValueKind.False;
            Require(type == "Metaspace" && whole && metaspace is null && step.GetProperty("replacement").GetString() == s_space, $"byte_fallback with the pre_tokenizer {type}");
            metaspace = TokenizerJson.Text(step, "prepend_scheme") switch
            {
                "always" => MetaspacePrefix.Always,
                "first" => MetaspacePrefix.First,
                "never" => MetaspacePrefix.Never,
                string other => throw new ModelFormatException($"tokenizer.json has the prepend_scheme {other}, which is none"),
            };
        }

        int? unknown = null;
        if (!TokenizerJson.IsAbsent(model, "unk_token"))
        {
            string name = TokenizerJson.Text(model, "unk_token");
            unknown = vocabulary.Find(name) ?? throw new ModelFormatException($"tokenizer.json lacks its unknown token {name}");
        }

        return new CharacterEncoder(vocabulary.Vocabulary, new CharacterRules(Normalizer(root, composesOnly: false), metaspace, unknown, TokenizerJson.IsTrue(model, "fuse_unk")));
    }

    /// <summary>Whether decoding takes a space off the beginning, which the encoder had put there.</summary>
    public static bool StripsFirstSpace(JsonElement root) => TokenizerJson.Steps(root, "decoder", "decoders").Any(static step =>
        TokenizerJson.Text(step, "type") == "Metaspace" || (TokenizerJson.Text(step, "type") == "Strip" && step.GetProperty("content").GetString() == " " && step.GetProperty("start").GetInt32() == 1));

    private static readonly string s_space = SentencePieceVocabulary.Space.ToString();

    private static TextNormalizer Normalizer(JsonElement root, bool composesOnly)
    {
        List<NormalizerStep> steps = [];
        foreach (JsonElement step in TokenizerJson.Steps(root, "normalizer", "normalizers"))
        {
            string type = TokenizerJson.Text(step, "type");
            Require(type == "NFC" || !composesOnly, $"a normalizer ({type})");
            steps.Add(type switch
            {
                "NFC" => CanonicalComposition.Instance,
                "Prepend" => NormalizerStep.Prepend(TokenizerJson.Text(step, "prepend")),
                "Replace" when step.GetProperty("pattern").TryGetProperty("String", out JsonElement pattern) && pattern.GetString() is { Length: > 0 } from => NormalizerStep.Replace(from, TokenizerJson.Text(step, "content")),
                _ => throw new ModelFormatException($"tokenizer.json has a normalizer {type} that is not supported"),
            });
        }

        return steps.Count == 0 ? TextNormalizer.None : new TextNormalizer(steps);
    }

    private static void Require(bool supported, string what) => TokenizerJson.Require(supported, what);
}
