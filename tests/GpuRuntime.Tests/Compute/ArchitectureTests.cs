using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Compute;

/// <summary>What each family adds to Llama's shape, in both backends.</summary>
public class ArchitectureTests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 150).Select(i => ((i * i) + (7 * i)) % 320)];

    private static readonly ExpertConfig Experts = new() { Count = 5, PerToken = 2, IntermediateSize = 40, NormalisesShares = true };

    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["llama3 scaling"] = SmallModel.Config with { Rope = new RopeScaling { Kind = RopeScalingKind.Llama3, Factor = 8, OriginalPositions = 64, LowFrequencyFactor = 1, HighFrequencyFactor = 4 } },
        ["yarn scaling"] = SmallModel.Config with { Rope = new RopeScaling { Kind = RopeScalingKind.Yarn, Factor = 4, OriginalPositions = 64 } },
        ["mistral"] = SmallModel.Config with { Family = ModelFamily.Mistral, SlidingWindow = 21 },
        ["mixtral"] = SmallModel.Config with { Family = ModelFamily.Mixtral, Experts = Experts },
        ["qwen2"] = SmallModel.Config with { Family = ModelFamily.Qwen2, AttentionBias = true, SlidingWindow = 33, FirstSlidingLayer = 1 },
        ["qwen3"] = SmallModel.Config with { Family = ModelFamily.Qwen3, QueryKeyNorm = true, HeadSize = 20 },
        ["qwen2moe"] = SmallModel.Config with { Family = ModelFamily.Qwen2Moe, AttentionBias = true, Experts = Experts with { NormalisesShares = false, SharedIntermediateSize = 27 } },
        ["qwen3moe"] = SmallModel.Config with { Family = ModelFamily.Qwen3Moe, QueryKeyNorm = true, Experts = Experts with { Count = 9, PerToken = 4 } },
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void BitsDoNotDependOnCutsBatchOrThreads(string name)
    {
        ModelConfig config = Shapes[name];
        using Lane16Backend one = SmallModel.CreateLane16(config, 1);
        using Lane16Backend two = SmallModel.CreateLane16(config, 2);
        List<float[]> single = Run(one, [.. Enumerable.Repeat(1, 150)]);
        Assert.All(single, logits => Assert.All(logits, x => Assert.True(float.IsFinite(x))));
        Assert.Equal(single[149], Run(one, 150)[0]);
        Assert.Equal(single[149], Run(two, 150)[0]);
        Assert.Equal(single[149], Run(two, 13, 64, 1, 72)[3]);

        int[] lengths = [1, 5, 17, 64, 65, 99, 140];
        SequenceState[] states = [.. lengths.Select(_ => two.CreateSequence(150))];
        float[] logits = new float[7 * 320];
        for (int i = 0; i < 7; i++)
        {
            two.Forward(states[i], Ids.AsSpan(0, lengths[i]), logits.AsSpan(0, 320));
        }

        two.Decode(states, [.. lengths.Select(length => Ids[length])], logits);
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(single[lengths[i]], logits[(i * 320)..((i + 1) * 320)]);
            states[i].Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BothBackendsAgreeWithTheReference(string name)
    {
        ModelConfig config = Shapes[name];
        using LoadedModel reference = RandomModel.Create(config, 3, new LoadOptions { Profile = NumericProfile.F32 });
        using LoadedModel torch = RandomModel.Create(config, 3, new LoadOptions { Profile = NumericProfile.Bf16 });
        using Lane16Backend own = SmallModel.CreateLane16(config, 2);
        float[] exact = Run(reference.Backend, 150)[0];
        Assert.InRange(RelativeError(exact, Run(reference.Backend, 13, 64, 1, 72)[3]), 0, 1e-5);
        Assert.InRange(RelativeError(exact, Run(own, 150)[0]), 1e-6, 0.05);
        Assert.InRange(RelativeError(exact, Run(torch.Backend, 150)[0]), 1e-6, 0.05);

        // What the family adds changes the result by far more than the rounding does.
        using LoadedModel plain = RandomModel.Create(SmallModel.Config with { HeadSize = config.HeadSize }, 3, new LoadOptions { Profile = NumericProfile.F32 });
        Assert.InRange(RelativeError(exact, Run(plain.Backend, 150)[0]), 0.05, double.MaxValue);
    }

    private static List<float[]> Run(IComputeBackend backend, params int[] cuts)
    {
        List<float[]> all = [];
        using SequenceState state = backend.CreateSequence(cuts.Sum());
        foreach (int count in cuts)
        {
            float[] logits = new float[320];
            backend.Forward(state, Ids.AsSpan(state.Length, count), logits);
            all.Add(logits);
        }

        return all;
    }

    private static double RelativeError(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(x => (double)x * x));
}
