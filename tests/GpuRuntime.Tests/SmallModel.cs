using Verathos.GpuRuntime.Compute;
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
}
