using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Fingerprints;

public class OpeningMakerTests
{
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 40).Select(i => ((i * i) + (7 * i)) % 320)];
    private static readonly LayerLimits Limits = LayerLimits.Exact(3, 1e-12);

    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["small"] = SmallModel.Config,
        ["broken steps"] = SmallModel.Config with { HiddenSize = 60, IntermediateSize = 75, Heads = 3, KvHeads = 1, HeadSize = 20, TiedEmbeddings = false },
        ["wide heads"] = SmallModel.Config with { HiddenSize = 64, IntermediateSize = 130, Heads = 2, KvHeads = 2, HeadSize = 80, VocabularySize = 321 },
        ["biases and a window"] = SmallModel.Config with { Family = ModelFamily.Qwen2, Layers = 3, AttentionBias = true, SlidingWindow = 9, FirstSlidingLayer = 1 },
        ["head norms"] = SmallModel.Config with { Family = ModelFamily.Qwen3, QueryKeyNorm = true },
    };

    public static TheoryData<string> Names => [.. Shapes.Keys, "Q8_0", "stories260K"];

    /// <summary>What the engine committed to is opened by computing it again, and passes every check of somebody who has only keys.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void HonestAnswersPassEveryCheck(string name)
    {
        using ModelSource source = Open(name);
        ValidatorKeyMaker maker = new(source);
        using TracedAnswer answer = new(source, maker, Prompt, 20);
        MemoryStream file = new();
        maker.Write(file, 1, new byte[32], new byte[32]);
        using KeyFileReader reader = KeyFileReader.TryOpen(new MemoryStream(file.ToArray()), new byte[32], out KeyFileReader? opened, out string? error) ? opened : throw new InvalidDataException(error);
        Assert.True(ValidatorKeys.TryRead(reader, out ModelConstants? constants));
        LayerKey[] keys = [.. Enumerable.Range(0, source.Config.Layers).Select(layer => ValidatorKeys.TryRead(reader, constants, layer, out LayerKey? key) ? key : throw new InvalidDataException())];
        Assert.True(reader.TryReadMatrix(ValidatorKeys.Output, out MatrixKey? output));
        for (int number = 0; number < 40; number++)
        {
            (OpeningVerdict layer, OpeningVerdict logits) = answer.Judge(number, keys, output, Limits);
            Assert.True(layer.IsAccepted, $"{number}: {layer} {string.Join(' ', layer.Measured)}");
            Assert.True(logits.IsAccepted, $"{number}: {logits} {string.Join(' ', logits.Measured)}");
        }

        Array.ForEach(keys, key => key.Dispose());
        output.Dispose();
    }

    /// <summary>Weights rounded to int8, one scale a row or for each 32, fall in every opening.</summary>
    [Theory]
    [InlineData("small", 0)]
    [InlineData("small", 32)]
    [InlineData("wide heads", 32)]
    [InlineData("head norms", 0)]
    public void RoundedWeightsFallInEveryOpening(string name, int group)
    {
        using ModelSource source = Open(name);
        using ModelSource served = Open(name);
        foreach (string tensor in served.Tensors.Keys.Where(t => t.StartsWith("model.layers", StringComparison.Ordinal) && served.Tensors[t].Info.Shape.Count == 2))
        {
            Quantize(served.Tensors[tensor], group);
        }

        ValidatorKeyMaker maker = new(source);
        using TracedAnswer answer = new(served, maker, Prompt, 20);
        LayerKey[] keys = [.. Enumerable.Range(0, source.Config.Layers).Select(maker.Layer)];
        using MatrixKey output = maker.Output();
        for (int number = 0; number < 25; number++)
        {
            OpeningVerdict verdict = answer.Judge(number, keys, output, Limits).Layer;
            Assert.False(verdict.IsAccepted);
            Assert.InRange(verdict.Failed, OpeningCheck.Query, OpeningCheck.Down);
        }

        Array.ForEach(keys, key => key.Dispose());
    }

    [Fact]
    public void AnotherAnswerCannotBeOpened()
    {
        using ModelSource source = Open("small");
        ValidatorKeyMaker maker = new(source);
        using TracedAnswer answer = new(source, maker, Prompt, 5);
        using Lane16Backend backend = new(source, NumericProfile.Bf16Lane16, 256, 1);
        int[] ids = [.. answer.Answer.Ids];
        ids[0] ^= 1;
        Assert.Throws<InvalidOperationException>(() => new OpeningMaker(backend, maker).Open(answer.Answer with { Ids = ids }, answer.Plan(0)));
    }

    [Fact]
    public void ModelsWithExpertsAreRefused()
    {
        ModelConfig config = SmallModel.Config with { Family = ModelFamily.Mixtral, Experts = new ExpertConfig { Count = 5, PerToken = 2, IntermediateSize = 40, NormalisesShares = true } };
        using ModelSource source = RandomModel.CreateSource(config, 3);
        Assert.Throws<NotSupportedException>(() => new ValidatorKeyMaker(source));
    }

    private static ModelSource Open(string name)
    {
        if (name == "stories260K")
        {
            return GgufModel.Open(Vectors.Model("stories260K.gguf"), static _ => { }, TestContext.Current.CancellationToken);
        }

        if (name != "Q8_0")
        {
            return RandomModel.CreateSource(Shapes[name], 3);
        }

        string path = Path.GetTempFileName();
        try
        {
            RandomGguf.Write(path, SmallModel.Config with { HiddenSize = 64, IntermediateSize = 128, Heads = 2, KvHeads = 1, HeadSize = 32 }, 5, TensorType.Q80);
            return GgufModel.Open(path, static _ => { }, TestContext.Current.CancellationToken);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Quantize(StoredTensor tensor, int group)
    {
        Span<byte> bytes = tensor.Memory.Span(tensor.Info.Offset, tensor.Info.Length);
        Span<ushort> weights = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(bytes);
        int width = group == 0 ? (int)tensor.Columns : group;
        for (int row = 0; row < tensor.Rows; row++)
        {
            for (int at = 0; at < tensor.Columns; at += width)
            {
                Span<ushort> part = weights.Slice((row * (int)tensor.Columns) + at, Math.Min(width, (int)tensor.Columns - at));
                float scale = 1e-20f;
                foreach (ushort weight in part)
                {
                    scale = Math.Max(scale, Math.Abs(BitConverter.UInt32BitsToSingle((uint)weight << 16)) / 127);
                }

                foreach (ref ushort weight in part)
                {
                    weight = Quantization.ToBFloat16(MathF.Round(BitConverter.UInt32BitsToSingle((uint)weight << 16) / scale) * scale);
                }
            }
        }
    }
}
