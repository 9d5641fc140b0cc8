using Verathos.Bench.Fingerprint;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Mutation;

/// <summary>Openings of a small random model's answer, and the constants that they are read by.</summary>
internal sealed class OpeningSample
{
    private static readonly ModelConfig s_dense = new()
    {
        VocabularySize = 320,
        HiddenSize = 32,
        IntermediateSize = 48,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 8,
        MaxPositions = 64,
        RopeTheta = 10000,
        RmsNormEpsilon = 1e-5,
        TiedEmbeddings = true,
    };

    private static readonly ModelConfig s_experts = s_dense with
    {
        Family = ModelFamily.Qwen2Moe,
        AttentionBias = true,
        Experts = new ExpertConfig { Count = 5, PerToken = 2, IntermediateSize = 24, NormalisesShares = false, SharedIntermediateSize = 40 },
    };

    private static readonly Lazy<OpeningSample> s_denseSample = new(static () => new OpeningSample(s_dense));
    private static readonly Lazy<OpeningSample> s_expertSample = new(static () => new OpeningSample(s_experts));

    private OpeningSample(ModelConfig config)
    {
        using ModelSource source = RandomModel.CreateSource(config, 3);
        ValidatorKeyMaker maker = new(source);
        Constants = maker.Constants;
        using TracedNode node = new(source, maker);
        (CommittedAnswer answer, CommittedTrace trace, _) = node.Run(1);
        OpeningPlan plan = OpeningPlan.Derive(TracedNode.Digest("audit", 1), TracedNode.Digest("receipt", 1), 0, trace.Shape, maker.Constants.Heads, answer.PromptTokens, trace.Steps);
        (LayerEvidence layer, LogitsEvidence logits) = node.Open(answer, plan);
        (Layer, Logits, Step) = (OpeningEncoding.Encode(layer), OpeningEncoding.Encode(logits), OpeningEncoding.Encode(layer.Step));
    }

    /// <summary>Of a model of the usual kind.</summary>
    public static OpeningSample Dense => s_denseSample.Value;

    /// <summary>Of one with experts, and one that every token passes.</summary>
    public static OpeningSample Experts => s_expertSample.Value;

    /// <summary>What openings are read by.</summary>
    public ModelConstants Constants { get; }

    /// <summary>An opened layer.</summary>
    public byte[] Layer { get; }

    /// <summary>An opened row of logits.</summary>
    public byte[] Logits { get; }

    /// <summary>All leaves of a step.</summary>
    public byte[] Step { get; }
}
