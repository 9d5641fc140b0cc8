using System.Globalization;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>Reads a GGUF file's metadata into a configuration. A key of the architecture that is not known here is an error.</summary>
internal static class GgufConfig
{
    private static readonly HashSet<string> s_known = new(StringComparer.Ordinal)
    {
        "vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length", "tensor_data_layout",
        "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
        "attention.layer_norm_rms_epsilon", "attention.sliding_window",
        "rope.dimension_count", "rope.freq_base", "rope.scaling.type", "rope.scaling.factor",
        "rope.scaling.original_context_length", "rope.scaling.finetuned", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
        "expert_count", "expert_used_count", "expert_feed_forward_length", "expert_shared_feed_forward_length",
    };

    public static ModelConfig Read(GgufFile file, int vocabularySize)
    {
        string architecture = Get<string>(file, "general.architecture");
        bool hasExperts = file.Metadata.ContainsKey(architecture + ".expert_count") && Number(file, architecture + ".expert_count") > 0;
        ModelFamily family = architecture switch
        {
            "llama" => hasExperts ? ModelFamily.Mixtral : file.Metadata.ContainsKey("llama.attention.sliding_window") ? ModelFamily.Mistral : ModelFamily.Llama,
            "qwen2" => ModelFamily.Qwen2,
            "qwen2moe" => ModelFamily.Qwen2Moe,
            "qwen3" => ModelFamily.Qwen3,
            "qwen3moe" => ModelFamily.Qwen3Moe,
            _ => throw new ModelFormatException($"the architecture is {architecture}; llama, qwen2, qwen2moe, qwen3 and qwen3moe are supported"),
        };
        string? unknown = file.Metadata.Keys.FirstOrDefault(key => key.StartsWith(architecture + ".", StringComparison.Ordinal) && !s_known.Contains(key[(architecture.Length + 1)..]));
        if (unknown is not null)
        {
            throw new ModelFormatException($"the file has {unknown}, which this build does not support");
        }

        if (file.Tensors.Count == 0)
        {
            throw new ModelFormatException("the file has no tensors");
        }

        Keys keys = new(file, architecture);
        int hidden = keys.Number("embedding_length");
        int heads = keys.Number("attention.head_count");
        int headSize = keys.Number("attention.key_length", hidden / Math.Max(1, heads));
        if (keys.Number("rope.dimension_count", headSize) != headSize || keys.Number("attention.value_length", headSize) != headSize)
        {
            throw new ModelFormatException($"{architecture}.rope.dimension_count or {architecture}.attention.value_length differs from the width of a head, which this build does not support");
        }

        int intermediate = keys.Number("feed_forward_length");
        int positions = keys.Number("context_length");
        ModelConfig config = new()
        {
            Family = family,
            VocabularySize = vocabularySize,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            Layers = keys.Number("block_count"),
            Heads = heads,
            KvHeads = keys.Number("attention.head_count_kv", heads),
            HeadSize = headSize,
            MaxPositions = positions,
            RopeTheta = keys.Real("rope.freq_base", 10000),
            Rope = Rope(file, keys, positions),
            RmsNormEpsilon = keys.Real("attention.layer_norm_rms_epsilon", null),
            TiedEmbeddings = file.Tensors.All(static t => t.Name != GgufNames.Place(ModelTensors.Output).Name),
            AttentionBias = family is ModelFamily.Qwen2 or ModelFamily.Qwen2Moe,
            QueryKeyNorm = family is ModelFamily.Qwen3 or ModelFamily.Qwen3Moe,
            SlidingWindow = keys.Number("attention.sliding_window", 0),
            Experts = Experts(family, keys, intermediate),
        };
        if (config.SlidingWindow > 0 && family is not (ModelFamily.Mistral or ModelFamily.Mixtral))
        {
            throw new ModelFormatException($"the file has {architecture}.attention.sliding_window, which this build supports for the architecture llama");
        }

        config.Validate();
        return config;
    }

    private static ExpertConfig? Experts(ModelFamily family, Keys keys, int intermediate)
    {
        bool needed = family is ModelFamily.Mixtral or ModelFamily.Qwen2Moe or ModelFamily.Qwen3Moe;
        if (!needed)
        {
            return keys.Number("expert_count", 0) == 0 ? null : throw new ModelFormatException($"the file has {keys.Name("expert_count")}, which its architecture does not have");
        }

        // GGUF has no key for whether shares are normalised in these architectures; each has one fixed way.
        return new ExpertConfig
        {
            Count = keys.Number("expert_count"),
            PerToken = keys.Number("expert_used_count"),
            IntermediateSize = family == ModelFamily.Mixtral ? keys.Number("expert_feed_forward_length", intermediate) : keys.Number("expert_feed_forward_length"),
            NormalisesShares = family != ModelFamily.Qwen2Moe,
            SharedIntermediateSize = family == ModelFamily.Qwen2Moe ? keys.Number("expert_shared_feed_forward_length") : 0,
        };
    }

    private static RopeScaling Rope(GgufFile file, Keys keys, int positions)
    {
        string? type = keys.Has("rope.scaling.type") ? Get<string>(file, keys.Name("rope.scaling.type")) : keys.Has("rope.scaling.factor") ? "linear" : null;
        TensorInfo? factors = keys.Architecture == "llama" ? file.Tensors.FirstOrDefault(static t => t.Name == GgufNames.RopeFactors) : null;
        if (factors is not null)
        {
            return type is null or "none" ? new RopeScaling { Kind = RopeScalingKind.Factors, Divisors = Divisors(file, factors) }
                : throw new ModelFormatException($"the file has both {GgufNames.RopeFactors} and {keys.Name("rope.scaling.type")} {type}, which this build does not support");
        }

        return type switch
        {
            null or "none" => RopeScaling.None,
            "linear" => new RopeScaling { Kind = RopeScalingKind.Linear, Factor = keys.Real("rope.scaling.factor", null) },
            "yarn" => new RopeScaling
            {
                Kind = RopeScalingKind.Yarn,
                Factor = keys.Real("rope.scaling.factor", null),
                OriginalPositions = keys.Number("rope.scaling.original_context_length", positions),
                BetaFast = keys.Real("rope.scaling.yarn_beta_fast", 32),
                BetaSlow = keys.Real("rope.scaling.yarn_beta_slow", 1),
            },
            _ => throw new ModelFormatException($"{keys.Name("rope.scaling.type")} is {type}; none, linear and yarn are supported"),
        };
    }

    private static float[] Divisors(GgufFile file, TensorInfo tensor)
    {
        if (tensor.Type != TensorType.F32 || tensor.Shape.Count != 1 || tensor.Elements > 1 << 16)
        {
            throw new ModelFormatException($"{tensor.Name} is no row of F32");
        }

        float[] values = new float[tensor.Elements];
        Quantization.ToSingle(tensor.Type, file.Bytes(tensor), values);
        return values;
    }

    internal static T Get<T>(GgufFile file, string key)
        where T : class => file.Metadata.TryGetValue(key, out object? value)
            ? value as T ?? throw new ModelFormatException($"{key} has another type than it should")
            : throw new ModelFormatException($"the file lacks {key}");

    internal static int Number(GgufFile file, string key, int? fallback = null) => file.Metadata.TryGetValue(key, out object? value)
        ? value switch
        {
            ulong u when u <= int.MaxValue => (int)u,
            long l when l is >= 0 and <= int.MaxValue => (int)l,
            ulong or long => throw new ModelFormatException($"{key} is {Convert.ToString(value, CultureInfo.InvariantCulture)}, which is out of range"),
            _ => throw new ModelFormatException($"{key} is no single whole number, which this build does not support"),
        }
        : fallback ?? throw new ModelFormatException($"the file lacks {key}");

    /// <summary>The keys of one architecture.</summary>
    private sealed record Keys(GgufFile File, string Architecture)
    {
        public string Name(string key) => $"{Architecture}.{key}";

        public bool Has(string key) => File.Metadata.ContainsKey(Name(key));

        public int Number(string key, int? fallback = null) => GgufConfig.Number(File, Name(key), fallback);

        public double Real(string key, double? fallback) => File.Metadata.TryGetValue(Name(key), out object? value)
            ? value is double d ? d : throw new ModelFormatException($"{Name(key)} is no floating-point number")
            : fallback ?? throw new ModelFormatException($"the file lacks {Name(key)}");
    }
}
