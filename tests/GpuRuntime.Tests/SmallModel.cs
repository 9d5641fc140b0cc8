using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests;

/// <summary>A random model small enough for any test.</summary>
internal static class SmallModel
{
    public static ModelConfig Config { get; } = new()
    {
        VocabularySize = 320,
        HiddenSize = 32,
        IntermediateSize = 48,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadSize = 8,
        MaxPositions = 256,
        RopeTheta = 10000,
        RmsNormEpsilon = 1e-5,
        TiedEmbeddings = true,
    };

    /// <summary>Mixtral's shape: shares of the chosen experts are divided by their sum.</summary>
    public static ModelConfig Experts { get; } = Config with
    {
        Family = ModelFamily.Mixtral,
        Experts = new ExpertConfig { Count = 5, PerToken = 2, IntermediateSize = 40, NormalisesShares = true },
    };

    /// <summary>Qwen's shape, with an expert that every token passes.</summary>
    public static ModelConfig SharedExpert { get; } = Config with
    {
        Family = ModelFamily.Qwen2Moe,
        AttentionBias = true,
        Experts = new ExpertConfig { Count = 7, PerToken = 3, IntermediateSize = 24, NormalisesShares = false, SharedIntermediateSize = 56 },
    };

    public static LoadedModel Create(NumericProfile? profile = null, int seed = 1) =>
        RandomModel.Create(Config, seed, new LoadOptions { Profile = profile ?? NumericProfile.F32, Threads = 1 });

    /// <summary>A backend with any number of threads; the loader gives a model of this size only one.</summary>
    public static Lane16Backend CreateLane16(ModelConfig config, int threads)
    {
        using ModelSource source = RandomModel.CreateSource(config, 3);
        return new Lane16Backend(source, NumericProfile.Bf16Lane16, config.MaxPositions, threads);
    }
}
