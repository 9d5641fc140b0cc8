using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Compute;

public class Lane16Tests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 150).Select(i => ((i * i) + (7 * i)) % 320)];

    /// <summary>Shapes with whole and broken steps, odd numbers of rows, and heads wider than 64.</summary>
    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 32, 48, 4, 2, 8 },
        { 60, 75, 3, 1, 20 },
        { 64, 130, 2, 2, 80 },
        { 128, 96, 2, 1, 64 },
    };

    private static ModelConfig Config(int hidden, int intermediate, int heads, int kvHeads, int headSize) => SmallModel.Config with
    {
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        Heads = heads,
        KvHeads = kvHeads,
        HeadSize = headSize,
        VocabularySize = 321,
    };

    /// <summary>Logits after every prefix in <paramref name="cuts"/>, feeding the ids in those parts.</summary>
    private static List<float[]> Run(IComputeBackend backend, int vocabulary, params int[] cuts)
    {
        List<float[]> all = [];
        using SequenceState state = backend.CreateSequence(cuts.Sum());
        foreach (int count in cuts)
        {
            float[] logits = new float[vocabulary];
            backend.Forward(state, Ids.AsSpan(state.Length, count), logits);
            all.Add(logits);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void BitsDoNotDependOnCutsBatchOrThreads(int hidden, int intermediate, int heads, int kvHeads, int headSize)
    {
        ModelConfig config = Config(hidden, intermediate, heads, kvHeads, headSize);
        using Lane16Backend one = SmallModel.CreateLane16(config, 1);
        using Lane16Backend two = SmallModel.CreateLane16(config, 2);
        using Lane16Backend three = SmallModel.CreateLane16(config, 3);
        List<float[]> single = Run(one, 321, [.. Enumerable.Repeat(1, 150)]);
        Assert.All(single, logits => Assert.All(logits, x => Assert.True(float.IsFinite(x))));
        Assert.Equal(single[149], Run(one, 321, 150)[0]);
        Assert.Equal(single[149], Run(two, 321, 150)[0]);
        Assert.Equal(single[149], Run(three, 321, 13, 64, 1, 72)[3]);
        Assert.Equal(single[12], Run(two, 321, 13)[0]);

        // Seven sequences of different lengths, one token each, in one pass.
        int[] lengths = [1, 5, 17, 64, 65, 99, 140];
        SequenceState[] states = [.. lengths.Select(_ => two.CreateSequence(150))];
        float[] logits = new float[7 * 321];
        for (int i = 0; i < 7; i++)
        {
            two.Forward(states[i], Ids.AsSpan(0, lengths[i]), logits.AsSpan(0, 321));
        }

        two.Decode(states, [.. lengths.Select(length => Ids[length])], logits);
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(single[lengths[i]], logits[(i * 321)..((i + 1) * 321)]);
            Assert.Equal(lengths[i] + 1, states[i].Length);
            states[i].Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void AgreesWithTheReference(int hidden, int intermediate, int heads, int kvHeads, int headSize)
    {
        ModelConfig config = Config(hidden, intermediate, heads, kvHeads, headSize);
        using LoadedModel reference = RandomModel.Create(config, 3, new LoadOptions { Profile = NumericProfile.F32 });
        using LoadedModel torch = RandomModel.Create(config, 3, new LoadOptions { Profile = NumericProfile.Bf16 });
        using Lane16Backend own = SmallModel.CreateLane16(config, 2);
        float[] exact = Run(reference.Backend, 321, 150)[0];
        double error = RelativeError(exact, Run(own, 321, 150)[0]);
        Assert.InRange(error, 1e-6, 0.03);
        Assert.InRange(error / RelativeError(exact, Run(torch.Backend, 321, 150)[0]), 0, 1.5);
    }

    [Fact]
    public void StoriesContinueAsLlamaCppHasThem()
    {
        using LoadedModel model = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions { Profile = NumericProfile.Bf16Lane16 });
        int equal = 0;
        foreach ((_, int[] promptIds, int[] ids, _) in Models.GreedyGoldenTests.Cases())
        {
            float[] logits = new float[512];
            using SequenceState state = model.Backend.CreateSequence(promptIds.Length + ids.Length);
            model.Backend.Forward(state, promptIds, logits);
            int same = 0;
            for (; same < ids.Length && Array.IndexOf(logits, logits.Max()) == ids[same]; same++)
            {
                model.Backend.Forward(state, [ids[same]], logits);
            }

            Assert.True(same >= 8);
            equal += same == ids.Length ? 1 : 0;
        }

        // Rounding to bfloat16 may change a near tie; it must not change most texts.
        Assert.InRange(equal, 3, 5);
    }

    /// <summary>
    /// The bits of version 2, which for weights of bfloat16 are those of version 1. Where they change, the version in the profile's identifier must, too. The same value holds with
    /// the processor's vector and fused instructions switched off (DOTNET_EnableHWIntrinsic=0).
    /// </summary>
    [Fact]
    public void BitsAreThoseOfVersionTwo()
    {
        using Lane16Backend backend = SmallModel.CreateLane16(Config(64, 130, 2, 2, 80), 2);
        Assert.Equal("bf16-lane16/2", NumericProfile.Bf16Lane16.Identifier);
        byte[] bits = [.. Run(backend, 321, 100, 1, 49).SelectMany(logits => logits.SelectMany(BitConverter.GetBytes))];
        Assert.Equal("d8d4635a50eb9974", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bits))[..16]);
    }

    /// <summary>Q8_0 stays as it is stored: alone and together the same bits, near the reference, and in a little over half the memory.</summary>
    [Fact]
    public void StoredBlocksAreUsedAsTheyAre()
    {
        ModelConfig config = Config(64, 128, 2, 1, 32);
        string path = Path.GetTempFileName();
        try
        {
            RandomGguf.Write(path, config, 5, TensorType.Q80);
            using LoadedModel served = ModelLoader.Load(path, new LoadOptions { Profile = NumericProfile.Bf16Lane16 });
            using LoadedModel reference = ModelLoader.Load(path, new LoadOptions { Profile = NumericProfile.F32 });
            List<float[]> single = Run(served.Backend, 321, [.. Enumerable.Repeat(1, 150)]);
            Assert.Equal(single[149], Run(served.Backend, 321, 150)[0]);
            Assert.Equal(single[149], Run(served.Backend, 321, 2, 3, 64, 81)[3]);
            Assert.InRange(RelativeError(Run(reference.Backend, 321, 150)[0], single[149]), 1e-6, 0.02);

            // One byte an element and four for each block of 32.
            long elements = ModelTensors.Expected(config).Where(static t => t.Shape.Length == 2).Sum(static t => t.Shape[0] * t.Shape[1]);
            Assert.Equal(elements + (elements / 8), served.WeightBytes);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void MemoryIsZeroWhenASequenceEnds()
    {
        using Lane16Backend backend = SmallModel.CreateLane16(SmallModel.Config, 2);
        int seen = 0;
        backend.Released = memory =>
        {
            seen++;
            Assert.Equal(-1, memory.Span(0, memory.Length).IndexOfAnyExcept((byte)0));
            Assert.Equal(-1, backend.ScratchMemory.Span(0, backend.ScratchMemory.Length).IndexOfAnyExcept((byte)0));
        };
        using (SequenceState state = backend.CreateSequence(40))
        {
            backend.Forward(state, Ids.AsSpan(0, 40), new float[320]);
            Assert.NotEqual(-1, ((Lane16Sequence)state).Pages[1].Span(0, 1000).IndexOfAnyExcept((byte)0));
            Assert.NotEqual(-1, backend.ScratchMemory.Span(0, backend.ScratchMemory.Length).IndexOfAnyExcept((byte)0));
        }

        Assert.Equal(2, seen);
    }

    /// <summary>A sequence takes pages as it grows, and never more than was reserved for its capacity.</summary>
    [Fact]
    public void PagesFollowTheLengthUpToWhatWasReserved()
    {
        using Lane16Backend backend = SmallModel.CreateLane16(SmallModel.Config, 1);
        using SequenceState state = backend.CreateSequence(70);
        Lane16Sequence sequence = (Lane16Sequence)state;
        Assert.Empty(sequence.Pages);
        foreach ((int count, int pages) in (ReadOnlySpan<(int, int)>)[(1, 1), (31, 1), (1, 2), (37, 3)])
        {
            backend.Forward(state, Ids.AsSpan(state.Length, count), new float[320]);
            Assert.Equal(pages, sequence.Pages.Count);
        }

        Assert.Equal(backend.SequenceBytes(70), sequence.Pages.Sum(static page => page.Length));
        Assert.Equal(backend.SequenceBytes(65), backend.SequenceBytes(96));
        Assert.True(backend.SequenceBytes(97) > backend.SequenceBytes(96));
    }

    [Fact]
    public void MisuseThrows()
    {
        using Lane16Backend backend = SmallModel.CreateLane16(SmallModel.Config, 2);
        float[] logits = new float[320];
        using SequenceState state = backend.CreateSequence(4);
        Assert.Throws<ArgumentException>(() => backend.Forward(state, Ids.AsSpan(0, 5), logits));
        Assert.Throws<ArgumentException>(() => backend.Forward(state, [320], logits));
        Assert.Throws<ArgumentException>(() => backend.Forward(state, [-1], logits));
        Assert.Throws<ArgumentException>(() => backend.Forward(state, [], logits));
        Assert.Throws<ArgumentException>(() => backend.Decode([state, state], [1, 2], new float[640]));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.CreateSequence(257));
    }

    private static double RelativeError(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(x => (double)x * x));
}
