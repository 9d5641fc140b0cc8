using System.Runtime.InteropServices;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.GpuRuntime.Training.Optimisers;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

/// <summary>Optimisers against their definitions, written out in binary64.</summary>
public sealed class OptimiserRuleTests
{
    public static TheoryData<string, InnerSettings> Rules => new()
    {
        { "AdamW", new InnerSettings { WeightDecay = 0.1 } },
        { "AdamW without decay", new InnerSettings { Beta1 = 0.8, Beta2 = 0.999, Epsilon = 1e-4 } },
        { "SGD", new InnerSettings { Optimiser = OptimiserKind.Sgd, WeightDecay = 0.1 } },
        { "SGD without momentum", new InnerSettings { Optimiser = OptimiserKind.Sgd, Momentum = 0 } },
        { "SGD, Nesterov", new InnerSettings { Optimiser = OptimiserKind.Sgd, Momentum = 0.7, Nesterov = true } },
        { "Muon", new InnerSettings { Optimiser = OptimiserKind.Muon, WeightDecay = 0.1, Momentum = 0.95 } },
        { "Muon, Nesterov", new InnerSettings { Optimiser = OptimiserKind.Muon, Momentum = 0.95, Nesterov = true } },
    };

    public OptimiserRuleTests() => NativeRuntime.Load();

    [Theory]
    [MemberData(nameof(Rules))]
    public void Steps_equal_the_definition(string name, InnerSettings settings)
    {
        var layout = ParameterLayout.Of(TrainedModels.Untied);
        Random random = new(5);
        float[] start = Draw(random, layout.Count, 1);
        using TrainingCrew crew = new(2);
        using IOptimiserRule rule = OptimiserRules.Create(layout, settings);
        using Tensor given = tensor(start), weights = given.clone();
        DefinedOptimiser definition = new(layout, settings, start);
        for (int step = 0; step < 4; step++)
        {
            float[] gradient = Draw(random, layout.Count, 0.1);
            using Tensor slope = tensor(gradient);
            rule.Step(weights, slope, step, 0.01, crew);
            definition.Step(gradient, step, 0.01);
        }

        float[] result = MemoryMarshal.Cast<byte, float>(weights.bytes).ToArray();
        double worst = result.Select((w, i) => Math.Abs(w - definition.Weights[i])).Max();
        Assert.True(worst < 2e-6, $"{name}: {worst}");
        Assert.Equal(definition.StateSize, rule.State.Sum(part => part.Value.NumberOfElements));
    }

    [Theory]
    [InlineData(64, 32)]
    [InlineData(32, 64)]
    [InlineData(48, 48)]
    [InlineData(96, 4)]
    public void Muons_steps_have_nearly_orthogonal_rows_or_columns(int rows, int columns)
    {
        using Tensor matrix = tensor(Draw(new Random(rows), rows * columns, 1e-3), [rows, columns]);
        using Tensor orthogonal = MuonRule.Orthogonal(matrix, 5);
        float[] before = linalg.svdvals(matrix).data<float>().ToArray();
        float[] after = linalg.svdvals(orthogonal).data<float>().ToArray();

        // What was smaller than a five-hundredth of the norm cannot have grown to 1 in five iterations.
        float norm = MathF.Sqrt(before.Sum(s => s * s));
        for (int i = 0; i < after.Length; i++)
        {
            Assert.InRange(after[i], before[i] > norm / 200 ? 0.6 : 0, 1.25);
        }

        Assert.True(after.Count(s => s > 0.6) >= 0.9 * after.Length);
        using Tensor zero = zeros(rows, columns);
        Assert.Equal(0, MuonRule.Orthogonal(zero, 5).abs().sum().item<float>());
    }

    [Fact]
    public void A_long_gradient_is_shortened_to_the_clipping_norm()
    {
        OrderedRun(clip: 1e9, out double norm, out float[] free);
        OrderedRun(clip: norm / 4, out double again, out float[] clipped);

        Assert.Equal(norm, again);
        Assert.True(norm > 0.1);
        Assert.True(free.Select((step, i) => Math.Abs((step / 4) - clipped[i])).Max() < 1e-7);

        static void OrderedRun(double clip, out double norm, out float[] moved)
        {
            var start = ModelWeights.Random(TrainedModels.Tied, 1);
            using InnerTrainer trainer = new(start, new InnerSettings { Optimiser = OptimiserKind.Sgd, Momentum = 0, ClipNorm = clip }, 1);
            norm = trainer.Step(TrainedModels.Batches().Next(), 1).GradientNorm;
            moved = [.. start.Values.Select((w, i) => w - trainer.Weights[i])];
        }
    }

    [Theory]
    [InlineData(OptimiserKind.AdamW, 0.006)]
    [InlineData(OptimiserKind.Sgd, 0.3)]
    [InlineData(OptimiserKind.Muon, 0.006)]
    public void Training_lowers_the_loss(OptimiserKind optimiser, double rate)
    {
        using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), TrainedModels.Settings(optimiser) with { MicroBatches = 1 }, 1);
        EncodedDocument[] documents = [.. TrainedModels.Documents(8).Select(d => d with { Ids = [.. d.Ids.Select((_, i) => i % 7)] })];
        double before = Mean();
        OrderedBatches batches = new(documents, 2, 32);
        for (int step = 0; step < 30; step++)
        {
            trainer.Step(batches.Next(), rate);
        }

        Assert.True(Mean() < 0.5 * before, $"{before} to {Mean()}");

        double Mean()
        {
            IReadOnlyList<DocumentLoss> losses = trainer.Evaluate(documents);
            return losses.Sum(l => l.Sum) / losses.Sum(l => l.Tokens);
        }
    }

    [Fact]
    public void State_has_a_fixed_order_of_names()
    {
        Assert.Equal(["step", "first/model.embed_tokens.weight", "second/model.embed_tokens.weight"], Names(OptimiserKind.AdamW).Take(3));
        Assert.Equal(["step", "momentum/model.embed_tokens.weight"], Names(OptimiserKind.Sgd).Take(2));
        string[] muon = [.. Names(OptimiserKind.Muon)];
        Assert.Equal("momentum/" + ModelTensors.Layer(0, "self_attn.q_proj"), muon[1]);
        Assert.Equal("second/model.norm.weight", muon[^1]);
        Assert.DoesNotContain("momentum/" + ModelTensors.Embedding, muon);

        static IEnumerable<string> Names(OptimiserKind kind)
        {
            using InnerTrainer trainer = new(ModelWeights.Random(TrainedModels.Tied, 1), TrainedModels.Settings(kind), 1);
            return trainer.GetState().Select(part => part.Name);
        }
    }

    private static float[] Draw(Random random, int count, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
