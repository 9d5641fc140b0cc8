using System.Globalization;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;

namespace Verathos.GpuRuntime.Models;

/// <summary>Opens a GGUF file of architecture llama with vocabulary llama.</summary>
internal static class GgufModel
{
    public static ModelSource Open(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        GgufFile file = GgufFile.Read(path, read, cancellationToken);
        try
        {
            ModelConfig config = Config(file);
            SentencePieceVocabulary vocabulary = Vocabulary(file);
            Dictionary<string, StoredTensor> tensors = Tensors(file, config);
            LlamaTensors.Check(config, tensors);
            long headerLength = file.Tensors[0].Offset;
            return new ModelSource
            {
                Config = config,
                Tokenizer = vocabulary.ToTokenizer(),
                ChatTemplate = Get<string>(file, "tokenizer.chat_template", required: false),
                StopIds = new HashSet<int> { vocabulary.EosId },
                Tensors = tensors,
                Documents = [(ManifestPart.Configuration, "header.gguf", file.Memory.Memory(0, headerLength))],
                Files = [file],
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The vocabulary of a file.</summary>
    public static SentencePieceVocabulary Vocabulary(GgufFile file)
    {
        string model = Get<string>(file, "tokenizer.ggml.model")!;
        if (model != "llama")
        {
            throw new ModelFormatException($"the vocabulary is of the kind {model}; llama is supported");
        }

        string[] pieces = Get<string[]>(file, "tokenizer.ggml.tokens")!;
        double[] scores = Get<double[]>(file, "tokenizer.ggml.scores")!;
        long[] types = Get<long[]>(file, "tokenizer.ggml.token_type")!;
        return new SentencePieceVocabulary(
            pieces,
            Array.ConvertAll(scores, static s => (float)s),
            Array.ConvertAll(types, static t => t is >= 0 and <= 6 ? (PieceType)t : throw new ModelFormatException($"tokenizer.ggml.token_type has the unknown type {t}")),
            Number(file, "tokenizer.ggml.unknown_token_id", 0),
            Number(file, "tokenizer.ggml.bos_token_id", 1),
            Number(file, "tokenizer.ggml.eos_token_id", 2),
            !file.Metadata.TryGetValue("tokenizer.ggml.add_bos_token", out object? adds) || adds is true);
    }

    private static ModelConfig Config(GgufFile file)
    {
        string architecture = Get<string>(file, "general.architecture")!;
        if (architecture != "llama")
        {
            throw new ModelFormatException($"the architecture is {architecture}; llama is supported");
        }

        string? scaling = file.Metadata.Keys.FirstOrDefault(static key => key.StartsWith("llama.rope.scaling", StringComparison.Ordinal) || key.StartsWith("llama.expert_count", StringComparison.Ordinal));
        if (scaling is not null)
        {
            throw new ModelFormatException($"the file has {scaling}, which this build does not support");
        }

        if (file.Tensors.Count == 0)
        {
            throw new ModelFormatException("the file has no tensors");
        }

        int hidden = Number(file, "llama.embedding_length");
        int heads = Number(file, "llama.attention.head_count");
        int headSize = file.Metadata.ContainsKey("llama.attention.key_length") ? Number(file, "llama.attention.key_length") : hidden / Math.Max(1, heads);
        if (Number(file, "llama.rope.dimension_count", headSize) != headSize || Number(file, "llama.attention.value_length", headSize) != headSize)
        {
            throw new ModelFormatException("llama.rope.dimension_count or llama.attention.value_length differs from the width of a head, which this build does not support");
        }

        ModelConfig config = new()
        {
            VocabularySize = Get<string[]>(file, "tokenizer.ggml.tokens")!.Length,
            HiddenSize = hidden,
            IntermediateSize = Number(file, "llama.feed_forward_length"),
            Layers = Number(file, "llama.block_count"),
            Heads = heads,
            KvHeads = Number(file, "llama.attention.head_count_kv", heads),
            HeadSize = headSize,
            MaxPositions = Number(file, "llama.context_length"),
            RopeTheta = Real(file, "llama.rope.freq_base", 10000),
            RmsNormEpsilon = Real(file, "llama.attention.layer_norm_rms_epsilon", null),
            TiedEmbeddings = file.Tensors.All(static t => t.Name != LlamaTensors.ToGguf(LlamaTensors.Output)),
        };
        config.Validate();
        return config;
    }

    private static Dictionary<string, StoredTensor> Tensors(GgufFile file, ModelConfig config)
    {
        Dictionary<string, string> names = LlamaTensors.Expected(config).ToDictionary(static t => LlamaTensors.ToGguf(t.Name), static t => t.Name);
        Dictionary<string, StoredTensor> tensors = [];
        foreach (TensorInfo tensor in file.Tensors)
        {
            string name = names.GetValueOrDefault(tensor.Name, tensor.Name);
            int heads = !LlamaTensors.IsRotary(name) ? 0 : name.EndsWith(".k_proj.weight", StringComparison.Ordinal) ? config.KvHeads : config.Heads;
            tensors[name] = new StoredTensor(tensor, file.Memory, heads);
        }

        return tensors;
    }

    private static T? Get<T>(GgufFile file, string key, bool required = true)
        where T : class => file.Metadata.TryGetValue(key, out object? value)
            ? value as T ?? throw new ModelFormatException($"{key} has another type than it should")
            : required ? throw new ModelFormatException($"the file lacks {key}") : null;

    private static int Number(GgufFile file, string key, int? fallback = null) => file.Metadata.TryGetValue(key, out object? value)
        ? value switch
        {
            ulong u when u <= int.MaxValue => (int)u,
            long l when l is >= 0 and <= int.MaxValue => (int)l,
            _ => throw new ModelFormatException($"{key} is {Convert.ToString(value, CultureInfo.InvariantCulture)}, which is out of range"),
        }
        : fallback ?? throw new ModelFormatException($"the file lacks {key}");

    private static double Real(GgufFile file, string key, double? fallback) => file.Metadata.TryGetValue(key, out object? value)
        ? value is double d ? d : throw new ModelFormatException($"{key} is no floating-point number")
        : fallback ?? throw new ModelFormatException($"the file lacks {key}");
}
