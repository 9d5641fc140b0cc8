using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.Bench.Architectures;

/// <summary>Every architecture, rotary scaling and stored type that is compared.</summary>
public static class ReferenceCases
{
    private static readonly ModelConfig s_llama = new()
    {
        VocabularySize = 300,
        HiddenSize = 128,
        IntermediateSize = 160,
        Layers = 3,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 32,
        MaxPositions = 256,
        RopeTheta = 10000,
        RmsNormEpsilon = 1e-5,
        TiedEmbeddings = false,
    };

    private static readonly ModelConfig s_wide = s_llama with { HiddenSize = 256, IntermediateSize = 512, Layers = 2, HeadSize = 64 };

    private static readonly ExpertConfig s_experts = new() { Count = 6, PerToken = 2, IntermediateSize = 96, NormalisesShares = true };

    /// <summary>All cases.</summary>
    public static IReadOnlyList<ReferenceCase> All { get; } = [.. Architectures(), .. Types()];

    private static IEnumerable<ReferenceCase> Architectures()
    {
        yield return new("llama", s_llama);
        yield return new("llama-tied", s_llama with { TiedEmbeddings = true, KvHeads = 4, RopeTheta = 500000 });
        yield return new("llama-linear", s_llama with { Rope = new RopeScaling { Kind = RopeScalingKind.Linear, Factor = 4 } });
        yield return new("llama-llama3", s_llama with
        {
            RopeTheta = 500000,
            Rope = new RopeScaling { Kind = RopeScalingKind.Llama3, Factor = 8, OriginalPositions = 32, LowFrequencyFactor = 1, HighFrequencyFactor = 4 },
        });
        yield return new("llama-yarn", s_llama with { Rope = new RopeScaling { Kind = RopeScalingKind.Yarn, Factor = 4, OriginalPositions = 32 } });
        yield return new("mistral-window", s_llama with { Family = ModelFamily.Mistral, Layers = 1, SlidingWindow = 19 }) { WindowByHand = true };
        yield return new("mixtral", s_llama with { Family = ModelFamily.Mixtral, IntermediateSize = 96, Experts = s_experts });
        yield return new("qwen2", s_llama with { Family = ModelFamily.Qwen2, AttentionBias = true, TiedEmbeddings = true, RopeTheta = 1000000, RmsNormEpsilon = 1e-6 });
        yield return new("qwen2-yarn", s_llama with
        {
            Family = ModelFamily.Qwen2,
            AttentionBias = true,
            Rope = new RopeScaling { Kind = RopeScalingKind.Yarn, Factor = 2.5, OriginalPositions = 64 },
        });
        yield return new("qwen3", s_llama with { Family = ModelFamily.Qwen3, QueryKeyNorm = true, HeadSize = 48, RopeTheta = 1000000 });
        yield return new("qwen2moe", s_llama with
        {
            Family = ModelFamily.Qwen2Moe,
            AttentionBias = true,
            Experts = s_experts with { PerToken = 3, NormalisesShares = false, SharedIntermediateSize = 112 },
        });
        yield return new("qwen3moe", s_llama with { Family = ModelFamily.Qwen3Moe, QueryKeyNorm = true, HeadSize = 48, Experts = s_experts with { Count = 12, PerToken = 4 } });
    }

    private static IEnumerable<ReferenceCase> Types()
    {
        (TensorType Type, double Tolerance)[] types =
        [
            (TensorType.F16, 0.02), (TensorType.BF16, 0.1), (TensorType.Q80, 0.5), (TensorType.Q40, 0.2),
            (TensorType.Q4K, 0.5), (TensorType.Q5K, 0.5), (TensorType.Q6K, 0.5),
        ];
        foreach ((TensorType type, double tolerance) in types)
        {
            string name = TensorLayout.Of(type).Name;
            yield return new($"{name}-embedding", s_wide) { Embedding = type };
            yield return new($"{name}-all", s_wide) { Embedding = type, Matrices = type, Tolerance = tolerance };
        }
    }
}
