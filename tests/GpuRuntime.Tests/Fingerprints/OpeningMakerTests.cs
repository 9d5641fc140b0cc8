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
        ["experts"] = SmallModel.Experts,
        ["a shared expert"] = SmallModel.SharedExpert,
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
    [InlineData("experts", 0)]
    [InlineData("a shared expert", 32)]
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

    /// <summary>Weights of the experts alone rounded to int8 fall in every opening, by an expert's matrix.</summary>
    [Theory]
    [InlineData("experts")]
    [InlineData("a shared expert")]
    public void RoundedExpertsFallInEveryOpening(string name)
    {
        using ModelSource served = Open(name);
        foreach (string tensor in served.Tensors.Keys.Where(t => t.Contains("expert", StringComparison.Ordinal) && served.Tensors[t].Info.Shape[0] > 1))
        {
            Quantize(served.Tensors[tensor], 0);
        }

        Assert.All(Judge(name, served), verdict => Assert.InRange(verdict.Failed, OpeningCheck.Gate, OpeningCheck.Down));
    }

    /// <summary>A node whose router chooses other experts is caught by the router's logits.</summary>
    [Fact]
    public void AnotherRouterFallsByItsLogits()
    {
        using ModelSource served = Open("experts");
        foreach (string tensor in served.Tensors.Keys.Where(static t => t.EndsWith("mlp.gate.weight", StringComparison.Ordinal)))
        {
            // Each expert's row becomes another's.
            Span<byte> bytes = served.Tensors[tensor].Memory.Span(served.Tensors[tensor].Info.Offset, served.Tensors[tensor].Info.Length);
            byte[] first = bytes[..(int)(2 * served.Tensors[tensor].Columns)].ToArray();
            bytes[first.Length..].CopyTo(bytes);
            first.CopyTo(bytes[^first.Length..]);
        }

        Assert.All(Judge("experts", served), verdict => Assert.Equal(OpeningCheck.Router, verdict.Failed));
    }

    public static TheoryData<OpeningCheck, string, Func<ExpertOpening, ExpertOpening>> ExpertLies => new()
    {
        { OpeningCheck.Form, "experts", static e => e with { Chosen = e.Chosen[..1] } },
        { OpeningCheck.Form, "experts", static e => e with { SharedLogit = [1] } },
        { OpeningCheck.Form, "a shared expert", static e => e with { SharedDown = [] } },
        { OpeningCheck.Form, "experts", static e => e with { Router = [float.NaN, .. e.Router[1..]] } },
        { OpeningCheck.Router, "experts", static e => e with { Router = [MathF.BitIncrement(e.Router[0]), .. e.Router[1..]] } },
        { OpeningCheck.Routing, "experts", static e => e with { Chosen = [.. Enumerable.Range(0, 5).Except(e.Chosen).Take(2)] } },
        { OpeningCheck.Routing, "experts", static e => e with { Chosen = [.. e.Chosen.Reverse()] } },
        { OpeningCheck.Gate, "a shared expert", static e => e with { SharedGate = Off(e.SharedGate) } },
        { OpeningCheck.Up, "experts", static e => e with { Ups = Off(e.Ups) } },
        { OpeningCheck.Down, "experts", static e => e with { Downs = Off(e.Downs) } },
        { OpeningCheck.SharedGate, "a shared expert", static e => e with { SharedLogit = [e.SharedLogit[0] + 1] } },
    };

    /// <summary>What is shown of experts is judged part by part, each lie by its own check.</summary>
    [Theory]
    [MemberData(nameof(ExpertLies))]
    public void LiesAboutExpertsFallByName(OpeningCheck expected, string name, Func<ExpertOpening, ExpertOpening> lie)
    {
        using ModelSource source = Open(name);
        ValidatorKeyMaker maker = new(source);
        using TracedAnswer answer = new(source, maker, Prompt, 5);
        OpeningPlan plan = answer.Plan(0);
        LayerEvidence evidence = answer.Open(plan).Layer;
        evidence = evidence with { Layer = evidence.Layer with { Experts = lie(evidence.Layer.Experts!) } };
        using LayerKey key = maker.Layer(plan.Layer);
        Assert.Equal(expected, new LayerJudge(key, Limits).Judge(plan, answer.Trace, answer.Answer.Ids, evidence).Failed);
    }

    /// <summary>Experts without a key are not judged, but what they gave must add up to what was committed.</summary>
    [Fact]
    public void ExpertsWithoutAKeyAreBoundByTheSum()
    {
        using ModelSource source = Open("experts");
        ValidatorKeyMaker maker = new(source, mostExperts: 1);
        using TracedAnswer answer = new(source, maker, Prompt, 20);
        int[] judged = new int[3];
        for (int number = 0; number < 20; number++)
        {
            OpeningPlan plan = answer.Plan(number);
            LayerEvidence evidence = answer.Open(plan).Layer;
            using LayerKey key = maker.Layer(plan.Layer);
            OpeningVerdict verdict = new LayerJudge(key, Limits).Judge(plan, answer.Trace, answer.Answer.Ids, evidence);
            Assert.True(verdict.IsAccepted, verdict.ToString());
            int keyed = verdict.Measured.Count(static m => m.Check == OpeningCheck.Gate);
            judged[keyed]++;
            if (keyed == 0)
            {
                ushort[] downs = evidence.Layer.Experts!.Downs;
                evidence = evidence with { Layer = evidence.Layer with { Experts = evidence.Layer.Experts with { Downs = Off(downs) } } };
                Assert.Equal(OpeningCheck.ExpertSum, new LayerJudge(key, Limits).Judge(plan, answer.Trace, answer.Answer.Ids, evidence).Failed);
            }
        }

        Assert.True(judged[0] > 0 && judged[1] > 0 && judged[2] == 0, string.Join(' ', judged));
    }

    private static List<OpeningVerdict> Judge(string name, ModelSource served)
    {
        using ModelSource source = Open(name);
        ValidatorKeyMaker maker = new(source);
        using TracedAnswer answer = new(served, maker, Prompt, 20);
        LayerKey[] keys = [.. Enumerable.Range(0, source.Config.Layers).Select(maker.Layer)];
        using MatrixKey output = maker.Output();
        List<OpeningVerdict> verdicts = [.. Enumerable.Range(0, 25).Select(number => answer.Judge(number, keys, output, Limits).Layer)];
        Array.ForEach(keys, key => key.Dispose());
        return verdicts;
    }

    private static ushort[] Off(ushort[] rows) => [.. rows.Select(static bits => (ushort)(bits ^ 0x40))];

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
