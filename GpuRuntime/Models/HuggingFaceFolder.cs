using System.Text;
using System.Text.Json;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>Opens a folder of config.json, tokenizer.json and safetensors, in one file or several with an index.</summary>
internal static class HuggingFaceFolder
{
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    public static long WeightBytes(string folder) => WeightFiles(folder).Sum(static file => new FileInfo(file).Length);

    public static ModelSource Open(string folder, Action<long>? read, CancellationToken cancellationToken)
    {
        List<(ManifestPart Kind, string Name, ReadOnlyMemory<byte> Bytes)> documents = [];
        ReadOnlyMemory<byte>? Read(ManifestPart kind, string name, bool required)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                return required ? throw new ModelFormatException($"{folder} has no {name}") : null;
            }

            ReadOnlyMemory<byte> bytes = File.ReadAllBytes(path);
            documents.Add((kind, name, bytes));
            return bytes;
        }

        ReadOnlyMemory<byte> configBytes = Read(ManifestPart.Configuration, "config.json", required: true)!.Value;
        ModelConfig config = HuggingFaceConfig.Parse(configBytes);
        ReadOnlyMemory<byte> tokenizerBytes = Read(ManifestPart.Tokenizer, "tokenizer.json", required: true)!.Value;
        TokenizerConfig tokenizerConfig = Read(ManifestPart.Configuration, "tokenizer_config.json", required: false) is { } given ? TokenizerConfig.Parse(given) : TokenizerConfig.Empty;
        ReadOnlyMemory<byte>? generation = Read(ManifestPart.Configuration, "generation_config.json", required: false);
        string? template = Read(ManifestPart.Configuration, "chat_template.jinja", required: false) is { } text ? Encoding.UTF8.GetString(text.Span) : tokenizerConfig.ChatTemplate;
        Tokenizer tokenizer = TokenizerJson.Load(tokenizerBytes.Span, tokenizerConfig);
        HashSet<int> stops = [.. HuggingFaceConfig.EosIds(configBytes, "config.json"), .. generation is { } g ? HuggingFaceConfig.EosIds(g, "generation_config.json") : []];
        if (tokenizerConfig.Eos is not null && tokenizer.TryGetSpecial(tokenizerConfig.Eos, out int eos))
        {
            stops.Add(eos);
        }

        List<SafetensorsFile> files = [];
        try
        {
            Dictionary<string, StoredTensor> tensors = [];
            List<StoredTensor> parts = [];
            foreach (string path in WeightFiles(folder))
            {
                SafetensorsFile file = SafetensorsFile.Read(path, read, cancellationToken);
                files.Add(file);
                foreach (TensorInfo tensor in file.Tensors)
                {
                    StoredTensor part = new(tensor, file.Memory, 0);
                    parts.Add(part);
                    if (!tensors.TryAdd(HuggingFaceNames.Translate(config, tensor.Name), part))
                    {
                        throw new ModelFormatException($"{Path.GetFileName(path)}: tensor {tensor.Name} is also in another file of the model");
                    }
                }
            }

            ModelTensors.Check(config, tensors);
            return new ModelSource
            {
                Config = config,
                Tokenizer = tokenizer,
                ChatTemplate = template,
                StopIds = stops,
                Tensors = tensors,
                Parts = parts,
                Documents = documents,
                Files = files,
            };
        }
        catch
        {
            files.ForEach(static file => file.Dispose());
            throw;
        }
    }

    private static string[] WeightFiles(string folder)
    {
        string single = Path.Combine(folder, Weights);
        string index = Path.Combine(folder, Index);
        if (File.Exists(single) || !File.Exists(index))
        {
            return File.Exists(single) ? [single] : throw new ModelFormatException($"{folder} has neither {Weights} nor {Index}");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
            string[] names = [.. document.RootElement.GetProperty("weight_map").EnumerateObject().Select(static m => m.Value.GetString()!).Distinct().Order(StringComparer.Ordinal)];
            string? bad = names.FirstOrDefault(name => name is null || Path.GetFileName(name) != name || !File.Exists(Path.Combine(folder, name)));
            return bad is null && names.Length > 0
                ? [.. names.Select(name => Path.Combine(folder, name))]
                : throw new ModelFormatException($"{Index} names the file {bad}, which is not in {folder}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelFormatException($"{Index} is damaged: {e.Message}", e);
        }
    }
}
