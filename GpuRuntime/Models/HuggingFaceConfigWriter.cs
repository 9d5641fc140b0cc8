using System.Text.Json.Nodes;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>Writes what <see cref="HuggingFaceConfig"/> reads.</summary>
internal static class HuggingFaceConfigWriter
{
    /// <summary>The file's members but for the ids of special tokens.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="type">torch_dtype.</param>
    /// <exception cref="ModelFormatException">config.json cannot express the rotary scaling or the shares of the experts.</exception>
    public static JsonObject Write(ModelConfig config, string type)
    {
        (string family, string name) = config.Family switch
        {
            ModelFamily.Mistral => ("mistral", "MistralForCausalLM"),
            ModelFamily.Mixtral => ("mixtral", "MixtralForCausalLM"),
            ModelFamily.Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
            ModelFamily.Qwen2Moe => ("qwen2_moe", "Qwen2MoeForCausalLM"),
            ModelFamily.Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
            ModelFamily.Qwen3Moe => ("qwen3_moe", "Qwen3MoeForCausalLM"),
            _ => ("llama", "LlamaForCausalLM"),
        };
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(name),
            ["model_type"] = family,
            ["hidden_act"] = "silu",
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.Family == ModelFamily.Mixtral ? config.Experts!.IntermediateSize : config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KvHeads,
            ["head_dim"] = config.HeadSize,
            ["max_position_embeddings"] = config.MaxPositions,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["rope_theta"] = config.RopeTheta,
            ["rope_scaling"] = Rope(config.Rope),
            ["tie_word_embeddings"] = config.TiedEmbeddings,
            ["vocab_size"] = config.VocabularySize,
            ["torch_dtype"] = type,
        };
        if (config.Family == ModelFamily.Llama)
        {
            (json["attention_bias"], json["mlp_bias"]) = (false, false);
        }

        if (config.Family is ModelFamily.Mistral or ModelFamily.Mixtral)
        {
            json["sliding_window"] = config.SlidingWindow > 0 ? config.SlidingWindow : null;
        }

        if (config.SlidingWindow > 0 && config.Family is ModelFamily.Qwen2 or ModelFamily.Qwen3)
        {
            json["use_sliding_window"] = true;
            json["sliding_window"] = config.SlidingWindow;
            json["max_window_layers"] = config.FirstSlidingLayer;
        }

        if (config.Experts is { } experts)
        {
            json[config.Family == ModelFamily.Mixtral ? "num_local_experts" : "num_experts"] = experts.Count;
            json["num_experts_per_tok"] = experts.PerToken;
            if (config.Family != ModelFamily.Mixtral)
            {
                json["moe_intermediate_size"] = experts.IntermediateSize;
                json["norm_topk_prob"] = experts.NormalisesShares;
                json["decoder_sparse_step"] = 1;
            }

            if (experts.SharedIntermediateSize > 0)
            {
                json["shared_expert_intermediate_size"] = experts.SharedIntermediateSize;
            }
        }

        return json;
    }

    private static JsonObject? Rope(RopeScaling rope) => rope.Kind switch
    {
        RopeScalingKind.Linear => new JsonObject { ["rope_type"] = "linear", ["factor"] = rope.Factor },
        RopeScalingKind.Llama3 => new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = rope.Factor,
            ["low_freq_factor"] = rope.LowFrequencyFactor,
            ["high_freq_factor"] = rope.HighFrequencyFactor,
            ["original_max_position_embeddings"] = rope.OriginalPositions,
        },
        RopeScalingKind.Yarn => new JsonObject
        {
            ["rope_type"] = "yarn",
            ["factor"] = rope.Factor,
            ["original_max_position_embeddings"] = rope.OriginalPositions,
            ["beta_fast"] = rope.BetaFast,
            ["beta_slow"] = rope.BetaSlow,
        },
        RopeScalingKind.Factors => throw new ModelFormatException("config.json cannot express the rotary divisors of rope_freqs.weight"),
        _ => null,
    };
}
