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

    public static LoadedModel Create(NumericProfile? profile = null, int seed = 1) =>
        RandomModel.Create(Config, seed, new LoadOptions { Profile = profile ?? NumericProfile.F32, Threads = 1 });

    /// <summary>A backend with any number of threads; the loader gives a model of this size only one.</summary>
    public static Lane16Backend CreateLane16(ModelConfig config, int threads)
    {
        using ModelSource source = RandomModel.CreateSource(config, 3);
        return new Lane16Backend(source, NumericProfile.Bf16Lane16, config.MaxPositions, threads);
    }
}
