using System.Globalization;

namespace Verathos.GpuRuntime.Models;

/// <summary>GGUF's names and places of a model's tensors.</summary>
internal static class GgufNames
{
    /// <summary>Divisors of the rotary frequencies, [half of a head's width].</summary>
    public const string RopeFactors = "rope_freqs.weight";

    private static readonly Dictionary<string, string> s_parts = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["self_attn.o_proj"] = "attn_output",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["mlp.gate"] = "ffn_gate_inp",
        ["mlp.experts.gate_proj"] = "ffn_gate_exps",
        ["mlp.experts.up_proj"] = "ffn_up_exps",
        ["mlp.experts.down_proj"] = "ffn_down_exps",
        ["mlp.shared_expert.gate_proj"] = "ffn_gate_shexp",
        ["mlp.shared_expert.up_proj"] = "ffn_up_shexp",
        ["mlp.shared_expert.down_proj"] = "ffn_down_shexp",
        ["mlp.shared_expert_gate"] = "ffn_gate_inp_shexp",
    };

    /// <summary>Where a tensor of <see cref="ModelTensors.Expected"/> lies.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>GGUF's tensor, and which of the experts stacked in it; -1 where nothing is stacked.</returns>
    public static (string Name, int Expert) Place(string name)
    {
        switch (name)
        {
            case ModelTensors.Embedding:
                return ("token_embd.weight", -1);
            case ModelTensors.FinalNorm:
                return ("output_norm.weight", -1);
            case ModelTensors.Output:
                return ("output.weight", -1);
        }

        // model.layers.3.mlp.experts.7.up_proj.weight: the layer, the part, the kind, and the expert inside the part.
        string[] words = name.Split('.');
        int expert = -1;
        List<string> part = [.. words[3..^1]];
        if (part.Count == 4 && part[1] == "experts")
        {
            expert = int.Parse(part[2], CultureInfo.InvariantCulture);
            part.RemoveAt(2);
        }

        return ($"blk.{words[2]}.{s_parts[string.Join('.', part)]}.{words[^1]}", expert);
    }

    /// <summary>How many heads a tensor's rows are ordered by as rotary pairs; 0 where they are halves, as in Hugging Face's files.</summary>
    /// <remarks>Files of the architecture llama hold pairs, those of the qwen ones halves.</remarks>
    public static int PairedHeads(ModelConfig config, string name) =>
        config.Family is not (ModelFamily.Llama or ModelFamily.Mistral or ModelFamily.Mixtral) ? 0
        : name.Contains(".self_attn.q_proj.", StringComparison.Ordinal) ? config.Heads
        : name.Contains(".self_attn.k_proj.", StringComparison.Ordinal) ? config.KvHeads
        : 0;

    /// <summary>The value of general.architecture.</summary>
    public static string Architecture(ModelFamily family) => family switch
    {
        ModelFamily.Qwen2 => "qwen2",
        ModelFamily.Qwen2Moe => "qwen2moe",
        ModelFamily.Qwen3 => "qwen3",
        ModelFamily.Qwen3Moe => "qwen3moe",
        _ => "llama",
    };
}
