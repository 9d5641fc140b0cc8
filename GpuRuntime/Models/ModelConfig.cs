using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Models;

/// <summary>
/// The shape of a decoder of the Llama kind: grouped-query attention, rotary positions, RMSNorm, SwiGLU; with what the related
/// families add to it.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>The family, which decides what the members below may be and how the tensors are named.</summary>
    public ModelFamily Family { get; init; }

    /// <summary>Rows of the embedding and of the output.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of a head; even.</summary>
    public required int HeadSize { get; init; }

    /// <summary>The most positions that the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>How the rotary frequencies differ from those of the base alone.</summary>
    public RopeScaling Rope { get; init; } = RopeScaling.None;

    /// <summary>Added under the root of RMSNorm.</summary>
    public required double RmsNormEpsilon { get; init; }

    /// <summary>Whether the output uses the embedding's rows.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Whether queries, keys and values have a bias.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether each head's query and key pass an RMSNorm before they are turned.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>How many positions a query sees at most, its own included; 0 for all.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>The first layer to which <see cref="SlidingWindow"/> applies; it applies to all after it.</summary>
    public int FirstSlidingLayer { get; init; }

    /// <summary>The experts that replace the feed-forward part of every layer, or null.</summary>
    public ExpertConfig? Experts { get; init; }

    /// <summary>How many positions a query of a layer sees at most.</summary>
    /// <param name="layer">From 0.</param>
    public int Window(int layer) => SlidingWindow > 0 && layer >= FirstSlidingLayer ? SlidingWindow : int.MaxValue;

    /// <summary>Refuses shapes that no model has, before anything is allocated from them.</summary>
    /// <exception cref="ModelFormatException">A field is out of range; the message names it.</exception>
    public void Validate()
    {
        Check(VocabularySize is >= 1 and <= 1 << 22, "vocab_size", VocabularySize);
        Check(HiddenSize is >= 1 and <= 1 << 17, "hidden_size", HiddenSize);
        Check(IntermediateSize is >= 1 and <= 1 << 19, "intermediate_size", IntermediateSize);
        Check(Layers is >= 1 and <= 1024, "num_hidden_layers", Layers);
        Check(Heads is >= 1 and <= 1024, "num_attention_heads", Heads);
        Check(KvHeads >= 1 && KvHeads <= Heads && Heads % KvHeads == 0, "num_key_value_heads", KvHeads);
        Check(HeadSize is >= 2 and <= 1024 && HeadSize % 2 == 0, "head_dim", HeadSize);
        Check(MaxPositions is >= 1 and <= 1 << 24, "max_position_embeddings", MaxPositions);
        Check(RopeTheta is > 0 and < 1e12, "rope_theta", RopeTheta);
        Check(RmsNormEpsilon is > 0 and < 1, "rms_norm_eps", RmsNormEpsilon);
        Check(SlidingWindow >= 0, "sliding_window", SlidingWindow);
        Check(FirstSlidingLayer >= 0, "max_window_layers", FirstSlidingLayer);
        if (Experts is { } experts)
        {
            Check(experts.Count is >= 1 and <= 1024, "num_experts", experts.Count);
            Check(experts.PerToken >= 1 && experts.PerToken <= experts.Count, "num_experts_per_tok", experts.PerToken);
            Check(experts.IntermediateSize is >= 1 and <= 1 << 19, "moe_intermediate_size", experts.IntermediateSize);
            Check(experts.SharedIntermediateSize is >= 0 and <= 1 << 19, "shared_expert_intermediate_size", experts.SharedIntermediateSize);
        }

        Rope.Validate(HeadSize, RopeTheta);
    }

    internal static void Check(bool valid, string field, double value)
    {
        if (!valid)
        {
            throw new ModelFormatException($"the model's configuration has {field} = {value.ToString(System.Globalization.CultureInfo.InvariantCulture)}, which is out of range");
        }
    }
}
