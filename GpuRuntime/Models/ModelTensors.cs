using System.Globalization;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>
/// The tensors that a model has, by one set of names: Hugging Face's, where Mixtral's experts are named like Qwen's. Other names
/// are translated when a model is opened.
/// </summary>
public static class ModelTensors
{
    /// <summary>The embedding, [vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The last norm, [hidden].</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The output, [vocabulary, hidden].</summary>
    public const string Output = "lm_head.weight";

    /// <summary>A layer's weight.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example self_attn.q_proj.</param>
    public static string Layer(int layer, string part) => $"model.layers.{layer.ToString(CultureInfo.InvariantCulture)}.{part}.weight";

    /// <summary>A layer's bias.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example self_attn.q_proj.</param>
    public static string Bias(int layer, string part) => $"model.layers.{layer.ToString(CultureInfo.InvariantCulture)}.{part}.bias";

    /// <summary>An expert's weight.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="expert">From 0.</param>
    /// <param name="part">gate_proj, up_proj or down_proj.</param>
    public static string Expert(int layer, int expert, string part) => Layer(layer, $"mlp.experts.{expert.ToString(CultureInfo.InvariantCulture)}.{part}");

    /// <summary>Every tensor with its shape, in a fixed order.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Expected(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.HiddenSize;
        yield return (Embedding, [config.VocabularySize, hidden]);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            foreach ((string, long[]) tensor in Attention(config, layer).Concat(config.Experts is null ? Dense(config, layer) : Experts(config, layer)))
            {
                yield return tensor;
            }
        }

        yield return (FinalNorm, [hidden]);
        if (!config.TiedEmbeddings)
        {
            yield return (Output, [config.VocabularySize, hidden]);
        }
    }

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
            throw new ModelFormatException($"the model has the tensor {tensors[foreign].Info.Name}, which a {config.Family} model of its configuration does not have");
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> Attention(ModelConfig config, int layer)
    {
        long hidden = config.HiddenSize;
        long queries = (long)config.Heads * config.HeadSize;
        long keys = (long)config.KvHeads * config.HeadSize;
        yield return (Layer(layer, "input_layernorm"), [hidden]);
        yield return (Layer(layer, "self_attn.q_proj"), [queries, hidden]);
        yield return (Layer(layer, "self_attn.k_proj"), [keys, hidden]);
        yield return (Layer(layer, "self_attn.v_proj"), [keys, hidden]);
        if (config.AttentionBias)
        {
            yield return (Bias(layer, "self_attn.q_proj"), [queries]);
            yield return (Bias(layer, "self_attn.k_proj"), [keys]);
            yield return (Bias(layer, "self_attn.v_proj"), [keys]);
        }

        if (config.QueryKeyNorm)
        {
            yield return (Layer(layer, "self_attn.q_norm"), [config.HeadSize]);
            yield return (Layer(layer, "self_attn.k_norm"), [config.HeadSize]);
        }

        yield return (Layer(layer, "self_attn.o_proj"), [hidden, queries]);
        yield return (Layer(layer, "post_attention_layernorm"), [hidden]);
    }

    private static IEnumerable<(string Name, long[] Shape)> Dense(ModelConfig config, int layer) =>
        FeedForward(config.HiddenSize, config.IntermediateSize, part => Layer(layer, "mlp." + part));

    private static IEnumerable<(string Name, long[] Shape)> Experts(ModelConfig config, int layer)
    {
        ExpertConfig experts = config.Experts!;
        yield return (Layer(layer, "mlp.gate"), [experts.Count, config.HiddenSize]);
        for (int expert = 0; expert < experts.Count; expert++)
        {
            foreach ((string, long[]) tensor in FeedForward(config.HiddenSize, experts.IntermediateSize, part => Expert(layer, expert, part)))
            {
                yield return tensor;
            }
        }

        if (experts.SharedIntermediateSize > 0)
        {
            foreach ((string, long[]) tensor in FeedForward(config.HiddenSize, experts.SharedIntermediateSize, part => Layer(layer, "mlp.shared_expert." + part)))
            {
                yield return tensor;
            }

            yield return (Layer(layer, "mlp.shared_expert_gate"), [1, config.HiddenSize]);
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> FeedForward(long hidden, long intermediate, Func<string, string> name)
    {
        yield return (name("gate_proj"), [intermediate, hidden]);
        yield return (name("up_proj"), [intermediate, hidden]);
        yield return (name("down_proj"), [hidden, intermediate]);
    }
}
