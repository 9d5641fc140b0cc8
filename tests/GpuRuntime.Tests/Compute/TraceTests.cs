using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Compute;

public class TraceTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(7 * i))];
    private static readonly int[] Ids = [.. Enumerable.Range(0, 150).Select(i => ((i * i) + (7 * i)) % 320)];

    /// <summary>Whole and broken steps of sixteen, heads wider than 64, biases, head norms, windows.</summary>
    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["small"] = SmallModel.Config,
        ["broken steps"] = SmallModel.Config with { HiddenSize = 60, IntermediateSize = 75, Heads = 3, KvHeads = 1, HeadSize = 20, TiedEmbeddings = false },
        ["wide heads"] = SmallModel.Config with { HiddenSize = 64, IntermediateSize = 130, Heads = 2, KvHeads = 2, HeadSize = 80, VocabularySize = 321 },
        ["biases and a window"] = SmallModel.Config with { Family = ModelFamily.Qwen2, Layers = 3, AttentionBias = true, SlidingWindow = 9, FirstSlidingLayer = 1 },
        ["head norms"] = SmallModel.Config with { Family = ModelFamily.Qwen3, QueryKeyNorm = true },
        ["experts"] = SmallModel.Experts,
        ["a shared expert"] = SmallModel.SharedExpert,
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    /// <summary>Every committed bit of the kernels, whatever the cuts, is the definition's.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void KernelsCommitTheDefinitionsBits(string name)
    {
        ModelConfig config = Shapes[name];
        using ModelSource source = RandomModel.CreateSource(config, 3);
        DefinedTrace defined = new(Shape(config), Secret);
        DefinedForward forward = new(source, defined);
        for (int i = 0; i < 60; i++)
        {
            forward.Step(Ids[i], i >= 40);
        }

        using Lane16Backend backend = SmallModel.CreateLane16(config, 2);
        Assert.Equal(defined.Root(), Run(backend, config, 41, [41, .. Enumerable.Repeat(1, 19)]));
        Assert.Equal(defined.Root(), Run(backend, config, 41, [7, 33, 1, .. Enumerable.Repeat(1, 19)]));
        Assert.Equal(defined.Root(), Run(backend, config, 41, [.. Enumerable.Repeat(1, 60)]));
        Assert.NotEqual(defined.Root(), Run(backend, config, 40, [40, .. Enumerable.Repeat(1, 20)]));
    }

    /// <summary>A prompt longer than a pass, cut anywhere, on any number of threads; experts too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CutsAndThreadsDoNotShow(bool experts)
    {
        ModelConfig config = experts
            ? SmallModel.Config with { Family = ModelFamily.Mixtral, Experts = new ExpertConfig { Count = 5, PerToken = 2, IntermediateSize = 40, NormalisesShares = true } }
            : SmallModel.Config;
        using Lane16Backend one = SmallModel.CreateLane16(config, 1);
        using Lane16Backend three = SmallModel.CreateLane16(config, 3);
        byte[] alone = Run(one, config, 140, [.. Enumerable.Repeat(1, 150)]);
        Assert.Equal(alone, Run(one, config, 140, [140, .. Enumerable.Repeat(1, 10)]));
        Assert.Equal(alone, Run(three, config, 140, [13, 64, 63, .. Enumerable.Repeat(1, 10)]));
    }

    /// <summary>A batch commits for each sequence what it commits alone; sequences without a trace take part unseen.</summary>
    [Fact]
    public void ABatchCommitsWhatEachSequenceCommitsAlone()
    {
        int[] lengths = [1, 5, 17, 64, 99];
        using Lane16Backend backend = SmallModel.CreateLane16(SmallModel.Config, 2);
        byte[][] alone = [.. lengths.Select(length => Run(backend, SmallModel.Config, length, [length, 1, 1, 1]))];
        SequenceState[] states = [.. lengths.Select(_ => backend.CreateSequence(150)), backend.CreateSequence(150)];
        TraceCommitment[] traces = [.. lengths.Select(_ => new TraceCommitment(Shape(SmallModel.Config), Secret))];
        float[] logits = new float[6 * 320];
        for (int i = 0; i < 6; i++)
        {
            states[i].Trace = i < 5 ? new SequenceTrace(traces[i], lengths[i]) : null;
            backend.Forward(states[i], Ids.AsSpan(0, i < 5 ? lengths[i] : 20), logits.AsSpan(0, 320));
        }

        for (int step = 0; step < 3; step++)
        {
            backend.Decode(states, [.. states.Select(state => Ids[state.Length])], logits);
        }

        Assert.Equal(alone, traces.Select(Root));
        Array.ForEach(states, state => state.Dispose());
        Array.ForEach(traces, trace => trace.Dispose());
    }

    [Fact]
    public void ATraceBeginsWithTheFirstTokenAndOnlyWhereBitsAreFixed()
    {
        using Lane16Backend backend = SmallModel.CreateLane16(SmallModel.Config, 1);
        using TraceCommitment trace = new(Shape(SmallModel.Config), Secret);
        using SequenceState state = backend.CreateSequence(4);
        backend.Forward(state, [1], new float[320]);
        Assert.Throws<InvalidOperationException>(() => state.Trace = new SequenceTrace(trace, 1));
        using LoadedModel reference = SmallModel.Create();
        using SequenceState torch = reference.Backend.CreateSequence(4);
        Assert.Throws<NotSupportedException>(() => torch.Trace = new SequenceTrace(trace, 1));
    }

    private static byte[] Run(Lane16Backend backend, ModelConfig config, int prompt, int[] cuts)
    {
        using TraceCommitment trace = new(Shape(config), Secret);
        using SequenceState state = backend.CreateSequence(cuts.Sum());
        state.Trace = new SequenceTrace(trace, prompt);
        foreach (int count in cuts)
        {
            backend.Forward(state, Ids.AsSpan(state.Length, count), new float[config.VocabularySize]);
        }

        return Root(trace);
    }

    private static TraceShape Shape(ModelConfig config) => new(config.Layers, config.HiddenSize, config.KvHeads, config.HeadSize, config.VocabularySize);

    private static byte[] Root(TraceCommitment trace)
    {
        byte[] root = new byte[32];
        trace.WriteRoot(root);
        return root;
    }
}
