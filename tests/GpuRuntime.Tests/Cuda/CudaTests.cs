using Verathos.Bench.Architectures;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tests.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Cuda;

/// <summary>Part of CUDA builds only; needs a CUDA device.</summary>
[Collection("cuda")]
public sealed class CudaTests : IDisposable
{
    private const int Prompt = 150;
    private const int Answer = 6;
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public static TheoryData<string, string> Cases =>
        [.. ReferenceCases.All.Where(c => !c.Name.Contains("-all", StringComparison.Ordinal) && !c.Name.Contains("-embedding", StringComparison.Ordinal))
            .SelectMany(c => new[] { (c.Name, "f32-cuda"), (c.Name, "bf16-cuda") })];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task GreedyIdsAndTextAreThoseOfLlamaCpp()
    {
        using LoadedModel model = ModelLoader.Load(Vectors.Model("stories260K.gguf"), new LoadOptions { Profile = NumericProfile.F32Cuda });
        await using InferenceEngine engine = new(model, new EngineOptions());
        foreach ((_, int[] promptIds, int[] ids, string text) in GreedyGoldenTests.Cases())
        {
            int[] generated = await GreedyGoldenTests.GenerateAsync(engine, promptIds, ids.Length);
            Assert.Equal(ids, generated);
            Assert.Equal(text, model.Tokenizer.Decode(generated));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void BitsAreTheSameHoweverARequestIsServed(string name, string profile)
    {
        ReferenceModel reference = new(ReferenceCases.All.Single(c => c.Name == name), 7);
        string file = Path.Combine(_folder, "model.gguf");
        reference.WriteGguf(file);
        Assert.True(NumericProfile.TryParse(profile, out NumericProfile? chosen));
        using LoadedModel model = ModelLoader.Load(file, new LoadOptions { Profile = chosen });
        IComputeBackend backend = model.Backend;
        int vocabulary = model.Config.VocabularySize;
        Random random = new(3);
        int[][] ids = [.. Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, Prompt + Answer).Select(_ => random.Next(vocabulary)).ToArray())];

        // Alone, one token at a time.
        float[][] alone = new float[ids.Length][];
        for (int s = 0; s < ids.Length; s++)
        {
            alone[s] = new float[Answer * vocabulary];
            using SequenceState state = backend.CreateSequence(Prompt + Answer);
            for (int i = 0; i < Prompt + Answer; i++)
            {
                backend.Decode([state], [ids[s][i]], alone[s].AsSpan(Math.Max(0, i - Prompt) * vocabulary, vocabulary));
            }
        }

        // Prompts cut differently, then answers side by side.
        SequenceState[] states = [.. ids.Select(_ => backend.CreateSequence(Prompt + Answer))];
        float[] logits = new float[ids.Length * vocabulary];
        for (int s = 0; s < ids.Length; s++)
        {
            for (int done = 0, part = new[] { 150, 1, 37, 128, 140 }[s]; done < Prompt; done += part)
            {
                backend.Forward(states[s], ids[s].AsSpan(done, Math.Min(part, Prompt - done)), logits.AsSpan(0, vocabulary));
            }
        }

        for (int i = 0; i < Answer; i++)
        {
            backend.Decode(states, [.. ids.Select(x => x[Prompt + i])], logits);
            for (int s = 0; s < ids.Length; s++)
            {
                ReadOnlySpan<float> expected = alone[s].AsSpan(i * vocabulary, vocabulary);
                Assert.True(float.IsFinite(expected[0]));
                Assert.True(expected.SequenceEqual(logits.AsSpan(s * vocabulary, vocabulary)), $"sequence {s}, answer {i}");
            }
        }

        Array.ForEach(states, static state => state.Dispose());
    }

    [Fact]
    public void ModelsSideBySideKeepTheirBits()
    {
        using LoadedModel first = SmallModel.Create(NumericProfile.Bf16Cuda);
        float[] before = Logits(first);
        using (LoadedModel second = SmallModel.Create(NumericProfile.Bf16Cuda, 2))
        {
            Assert.False(before.AsSpan().SequenceEqual(Logits(second)));
            Assert.True(before.AsSpan().SequenceEqual(Logits(first)));
        }

        Assert.True(before.AsSpan().SequenceEqual(Logits(first)));
    }

    [Fact]
    public void IdentifiersNameWhatRuns()
    {
        Assert.Matches(@"^bf16-cuda/1/libtorch-2\.\d+\.\d+/nvrtc-\d+\.\d+/cublaslt-\d+/sm_\d+-\d+$", NumericProfile.Bf16Cuda.Identifier);
        Assert.StartsWith("f32-cuda/1/", NumericProfile.F32Cuda.Identifier, StringComparison.Ordinal);
        Assert.Matches(@"^f32/libtorch-2\.\d+\.\d+/", NumericProfile.F32.Identifier);
    }

    [Fact]
    public void MemoryForSequencesIsTheDevices()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Cuda);
        Assert.NotNull(model.Backend.FreeDeviceBytes);
        Assert.InRange(KvBudget.Of(model.Backend).Bytes, 1 << 20, model.Backend.FreeDeviceBytes!.Value);
    }

    [Fact]
    public void MoreSequencesThanRowsOfAPassAreComputed()
    {
        using LoadedModel model = SmallModel.Create(NumericProfile.Bf16Cuda);
        const int count = 300;
        int vocabulary = model.Config.VocabularySize;
        SequenceState[] states = [.. Enumerable.Range(0, count).Select(_ => model.Backend.CreateSequence(4))];
        float[] together = new float[count * vocabulary];
        model.Backend.Decode(states, [.. Enumerable.Range(0, count)], together);
        foreach (int i in (int[])[0, 127, 128, 299])
        {
            using SequenceState state = model.Backend.CreateSequence(4);
            float[] own = new float[vocabulary];
            model.Backend.Forward(state, [i], own);
            Assert.True(own.AsSpan().SequenceEqual(together.AsSpan(i * vocabulary, vocabulary)));
        }

        Array.ForEach(states, static state => state.Dispose());
    }

    private static float[] Logits(LoadedModel model)
    {
        using SequenceState state = model.Backend.CreateSequence(200);
        float[] logits = new float[model.Config.VocabularySize];
        model.Backend.Forward(state, [.. Enumerable.Range(0, 200).Select(i => i % 100)], logits);
        return logits;
    }
}
