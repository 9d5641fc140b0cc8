using System.Text.Json;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>
/// Reads config.json and generation_config.json. A setting that would change results and is not supported is an error, and so is
/// one that is not known here.
/// </summary>
internal static class HuggingFaceConfig
{
    /// <summary>Members that say nothing about a forward pass, or only about training.</summary>
    private static readonly HashSet<string> s_ignored = new(StringComparer.Ordinal)
    {
        "_attn_implementation", "_attn_implementation_autoset", "_name_or_path", "architectures", "attention_dropout", "attn_dropout",
        "auto_map", "bos_token_id", "chunk_size_feed_forward", "dtype", "embd_pdrop", "eos_token_id", "hidden_dropout", "id2label",
        "initializer_range", "is_decoder", "is_llama_config", "label2id", "model_max_length", "output_attentions",
        "output_hidden_states", "output_router_logits", "pad_token_id", "pretraining_tp", "problem_type", "resid_pdrop",
        "return_dict", "router_aux_loss_coef", "router_jitter_noise", "sep_token_id", "task_specific_params", "tokenizer_class",
        "torch_dtype", "transformers.js_config", "transformers_version", "unsloth_fixed", "unsloth_version", "use_cache",
    };

    public static ModelConfig Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            ConfigReader reader = new(document.RootElement);
            ModelConfig config = Read(reader);
            string? unknown = reader.Unread(s_ignored);
            ConfigReader.Refuse(unknown is not null, $"{unknown}");
            config.Validate();
            return config;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"config.json is damaged or incomplete: {e.Message}", e);
        }
    }

    /// <summary>The ids of eos_token_id: a number, a list or nothing.</summary>
    public static IEnumerable<int> EosIds(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return !document.RootElement.TryGetProperty("eos_token_id", out JsonElement ids) || ids.ValueKind == JsonValueKind.Null ? []
                : ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(static e => e.GetInt32())]
                : [ids.GetInt32()];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException($"{file} is damaged: {e.Message}", e);
        }
    }

    private static ModelConfig Read(ConfigReader reader)
    {
        string? type = reader.Text("model_type");
        ModelFamily family = type switch
        {
            "llama" => ModelFamily.Llama,
            "mistral" => ModelFamily.Mistral,
            "mixtral" => ModelFamily.Mixtral,
            "qwen2" => ModelFamily.Qwen2,
            "qwen2_moe" => ModelFamily.Qwen2Moe,
            "qwen3" => ModelFamily.Qwen3,
            "qwen3_moe" => ModelFamily.Qwen3Moe,
            _ => throw new ModelFormatException($"config.json has the model_type {type}; llama, mistral, mixtral, qwen2, qwen2_moe, qwen3 and qwen3_moe are supported"),
        };
        ConfigReader.Refuse((reader.Text("hidden_act") ?? "silu") != "silu", "a hidden_act other than silu");
        ConfigReader.Refuse(reader.Flag("attention_bias") == true || reader.Flag("mlp_bias") == true, "attention_bias or mlp_bias");
        ConfigReader.Refuse(reader.Flag("rope_interleaved") == true, "rope_interleaved");
        ConfigReader.Refuse(reader.Has("quantization_config"), "quantization_config");
        ConfigReader.Refuse(reader.Real("partial_rotary_factor") is not (null or 1), "partial_rotary_factor");
        int heads = reader.Number("num_attention_heads");
        int hidden = reader.Number("hidden_size");
        int? headSize = reader.OptionalNumber("head_dim");
        ConfigReader.Refuse(heads < 1 || (headSize is null && hidden % heads != 0), "num_attention_heads that do not divide hidden_size");
        ConfigReader.Refuse(headSize is null && family is ModelFamily.Qwen3 or ModelFamily.Qwen3Moe, "no head_dim");
        int layers = reader.Number("num_hidden_layers");
        int positions = reader.OptionalNumber("max_position_embeddings") ?? 2048;
        (double theta, RopeScaling rope) = HuggingFaceRope.Read(reader, positions);
        (int window, int firstSliding) = SlidingWindow(reader, family, layers);
        return new ModelConfig
        {
            Family = family,
            VocabularySize = reader.Number("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = reader.Number("intermediate_size"),
            Layers = layers,
            Heads = heads,
            KvHeads = reader.OptionalNumber("num_key_value_heads") ?? heads,
            HeadSize = headSize ?? hidden / heads,
            MaxPositions = positions,
            RopeTheta = theta,
            Rope = rope,
            RmsNormEpsilon = reader.Real("rms_norm_eps") ?? 1e-6,
            TiedEmbeddings = reader.Flag("tie_word_embeddings") == true,
            AttentionBias = family == ModelFamily.Qwen2 || (family == ModelFamily.Qwen2Moe && reader.Flag("qkv_bias") != false),
            QueryKeyNorm = family is ModelFamily.Qwen3 or ModelFamily.Qwen3Moe,
            SlidingWindow = window,
            FirstSlidingLayer = firstSliding,
            Experts = Experts(reader, family),
        };
    }

    private static ExpertConfig? Experts(ConfigReader reader, ModelFamily family)
    {
        if (family == ModelFamily.Mixtral)
        {
            return new ExpertConfig
            {
                Count = reader.Number("num_local_experts"),
                PerToken = reader.Number("num_experts_per_tok"),
                IntermediateSize = reader.Number("intermediate_size"),
                NormalisesShares = true,
            };
        }

        if (family is not (ModelFamily.Qwen2Moe or ModelFamily.Qwen3Moe))
        {
            return null;
        }

        ConfigReader.Refuse(reader.OptionalNumber("decoder_sparse_step") is not (null or 1), "a decoder_sparse_step other than 1");
        ConfigReader.Refuse(reader.List("mlp_only_layers") is { Count: > 0 }, "mlp_only_layers");
        return new ExpertConfig
        {
            Count = reader.Number("num_experts"),
            PerToken = reader.Number("num_experts_per_tok"),
            IntermediateSize = reader.Number("moe_intermediate_size"),
            NormalisesShares = reader.Flag("norm_topk_prob") ?? throw new ModelFormatException("config.json lacks norm_topk_prob"),
            SharedIntermediateSize = family == ModelFamily.Qwen2Moe ? reader.Number("shared_expert_intermediate_size") : 0,
        };
    }

    /// <summary>The window and the first layer that it applies to; layer_types, where given, must say the same.</summary>
    private static (int Window, int FirstLayer) SlidingWindow(ConfigReader reader, ModelFamily family, int layers)
    {
        bool present = reader.Mentions("sliding_window");
        int? window = reader.OptionalNumber("sliding_window");
        int? first = reader.OptionalNumber("max_window_layers");
        bool? used = reader.Flag("use_sliding_window");
        (int Window, int FirstLayer) found = (0, 0);
        switch (family)
        {
            case ModelFamily.Mistral:
                // Its library assumes a window of 4096 where the file is silent, its first models had none.
                ConfigReader.Refuse(!present, "no sliding_window, a number or null");
                found = (window ?? 0, 0);
                break;
            case ModelFamily.Mixtral:
                found = (window ?? 0, 0);
                break;
            case ModelFamily.Qwen2 or ModelFamily.Qwen3 when used == true:
                ConfigReader.Refuse(window is null || first is null, "use_sliding_window without sliding_window and max_window_layers");
                found = first < layers ? (window!.Value, first!.Value) : (0, 0);
                break;
            default:
                ConfigReader.Refuse(used == true || (family == ModelFamily.Llama && window is not null), "sliding_window");
                break;
        }

        ConfigReader.Refuse(found.Window < 0 || (window == 0 && found.Window == 0 && family is ModelFamily.Mistral or ModelFamily.Mixtral), $"a sliding_window of {window}");
        if (reader.List("layer_types") is { } types)
        {
            IEnumerable<string> expected = Enumerable.Range(0, Math.Max(0, layers)).Select(layer => found.Window > 0 && layer >= found.FirstLayer ? "sliding_attention" : "full_attention");
            ConfigReader.Refuse(types.Count != layers || !types.SequenceEqual(expected), "layer_types that differ from what sliding_window and max_window_layers say");
        }

        return found;
    }
}
