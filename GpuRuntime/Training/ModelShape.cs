using System.Text.Json.Serialization;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Training;

/// <summary>Shape of a Llama model, named as in <c>config.json</c>.</summary>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="IntermediateSize">Width of the feed-forward layer.</param>
/// <param name="NumHiddenLayers">Number of layers.</param>
/// <param name="NumAttentionHeads">Number of query heads; divides the hidden size into even heads.</param>
/// <param name="NumKeyValueHeads">Number of key and value heads; divides the number of query heads.</param>
/// <param name="MaxPositionEmbeddings">Longest context in tokens.</param>
/// <param name="RopeTheta">Base of the rotary embedding.</param>
/// <param name="RmsNormEps">Epsilon of the norms.</param>
public sealed record ModelShape(
    int HiddenSize, int IntermediateSize, int NumHiddenLayers, int NumAttentionHeads, int NumKeyValueHeads,
    int MaxPositionEmbeddings, double RopeTheta, double RmsNormEps)
{
    /// <summary>Width of one head.</summary>
    [JsonIgnore]
    public int HeadSize => HiddenSize / NumAttentionHeads;

    /// <summary>The model's configuration.</summary>
    /// <param name="vocabularySize">Rows of the embedding.</param>
    /// <param name="tied">Whether the output uses the embedding's rows.</param>
    public ModelConfig ToConfig(int vocabularySize, bool tied = true) => new()
    {
        Family = ModelFamily.Llama,
        VocabularySize = vocabularySize,
        HiddenSize = HiddenSize,
        IntermediateSize = IntermediateSize,
        Layers = NumHiddenLayers,
        Heads = NumAttentionHeads,
        KvHeads = NumKeyValueHeads,
        HeadSize = HeadSize,
        MaxPositions = MaxPositionEmbeddings,
        RopeTheta = RopeTheta,
        RmsNormEpsilon = RmsNormEps,
        TiedEmbeddings = tied,
    };
}
