using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>The tensors that a Llama-architecture model has, by Hugging Face's names, with their shapes and GGUF's names.</summary>
public static class LlamaTensors
{
    /// <summary>The embedding, [vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The last norm, [hidden].</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The output, [vocabulary, hidden].</summary>
    public const string Output = "lm_head.weight";

    private static readonly (string HuggingFace, string Gguf)[] LayerParts =
    [
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];

    /// <summary>A layer's tensor.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example self_attn.q_proj.</param>
    public static string Layer(int layer, string part) => $"model.layers.{layer}.{part}.weight";

    /// <summary>Every tensor with its shape, in a fixed order.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Expected(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.HiddenSize;
        long queries = (long)config.Heads * config.HeadSize;
        long keys = (long)config.KvHeads * config.HeadSize;
        yield return (Embedding, [config.VocabularySize, hidden]);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            foreach ((string part, _) in LayerParts)
            {
                yield return (Layer(layer, part), part switch
                {
                    "self_attn.q_proj" => [queries, hidden],
                    "self_attn.k_proj" or "self_attn.v_proj" => [keys, hidden],
                    "self_attn.o_proj" => [hidden, queries],
                    "mlp.gate_proj" or "mlp.up_proj" => [config.IntermediateSize, hidden],
                    "mlp.down_proj" => [hidden, config.IntermediateSize],
                    _ => [hidden],
                });
            }
        }

        yield return (FinalNorm, [hidden]);
        if (!config.TiedEmbeddings)
        {
            yield return (Output, [config.VocabularySize, hidden]);
        }
    }

    /// <summary>GGUF's name of a tensor.</summary>
    public static string ToGguf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] words = name.Split('.');
        return name switch
        {
            Embedding => "token_embd.weight",
            FinalNorm => "output_norm.weight",
            Output => "output.weight",
            _ => $"blk.{words[2]}.{LayerParts.First(p => p.HuggingFace == string.Join('.', words[3..^1])).Gguf}.weight",
        };
    }

    /// <summary>Whether GGUF stores the rows of this tensor in the order of rotary pairs.</summary>
    internal static bool IsRotary(string name) => name.EndsWith(".q_proj.weight", StringComparison.Ordinal) || name.EndsWith(".k_proj.weight", StringComparison.Ordinal);

    /// <summary>Checks that a file has exactly the tensors that its configuration asks for.</summary>
    /// <exception cref="ModelFormatException">One is missing, has another shape or does not belong; the message names it.</exception>
    internal static void Check(ModelConfig config, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        HashSet<string> expected = [];
        foreach ((string name, long[] shape) in Expected(config))
        {
            expected.Add(name);
            if (!tensors.TryGetValue(name, out StoredTensor? tensor))
            {
                throw new ModelFormatException($"the model lacks the tensor {name}");
            }

            if (!tensor.Info.Shape.SequenceEqual(shape))
            {
                throw new ModelFormatException($"tensor {tensor.Info.Name} has the shape [{string.Join(", ", tensor.Info.Shape)}]; its configuration asks for [{string.Join(", ", shape)}]");
            }
        }

        // Some tied models repeat the embedding as the output; anything else could change results and is refused.
        string? foreign = tensors.Keys.FirstOrDefault(name => !expected.Contains(name) && !(config.TiedEmbeddings && name == Output));
        if (foreign is not null)
        {
            throw new ModelFormatException($"the model has the tensor {tensors[foreign].Info.Name}, which a Llama model of its configuration does not have");
        }
    }
}
