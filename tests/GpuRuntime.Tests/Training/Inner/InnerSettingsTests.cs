using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class InnerSettingsTests
{
    public static TheoryData<string, InnerSettings> Wrong => new()
    {
        { "optimiser", new InnerSettings { Optimiser = (OptimiserKind)9 } },
        { "precision", new InnerSettings { Precision = (TrainingPrecision)9 } },
        { "micro_batches", new InnerSettings { MicroBatches = 0 } },
        { "clip_norm", new InnerSettings { ClipNorm = double.PositiveInfinity } },
        { "weight_decay", new InnerSettings { WeightDecay = double.NaN } },
        { "beta1", new InnerSettings { Beta2 = 1 } },
        { "epsilon", new InnerSettings { Epsilon = 0 } },
        { "momentum", new InnerSettings { Momentum = 1 } },
        { "newton_schulz", new InnerSettings { NewtonSchulz = 0 } },
        { "rank", new InnerSettings { Lora = TrainedModels.Lora with { Rank = 0 } } },
        { "alpha", new InnerSettings { Lora = TrainedModels.Lora with { Alpha = 0 } } },
        { "targets", new InnerSettings { Lora = TrainedModels.Lora with { Targets = ["embed_tokens"] } } },
        { "targets", new InnerSettings { Lora = TrainedModels.Lora with { Targets = ["q_proj", "q_proj"] } } },
        { "targets", new InnerSettings { Lora = TrainedModels.Lora with { Targets = [] } } },
    };

    [Fact]
    public void Settings_survive_their_JSON()
    {
        InnerSettings settings = TrainedModels.Settings(OptimiserKind.Muon, TrainingPrecision.Bf16, lora: true);
        Assert.Equal(settings, InnerSettings.FromJson(settings.ToJson()));
        Assert.Equal(settings.ToJson(), InnerSettings.FromJson(settings.ToJson()).ToJson());
        Assert.Contains("\"optimiser\":\"muon\",\"precision\":\"bf16\"", settings.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"optimiser\":\"muon\",\"speed\":3}")]
    [InlineData("{\"optimiser\":\"newton\"}")]
    [InlineData("{\"optimiser\":1}")]
    [InlineData("{\"micro_batches\":0}")]
    [InlineData("null")]
    [InlineData("{")]
    public void Other_JSON_is_refused(string json) => Assert.Throws<TrainingException>(() => InnerSettings.FromJson(json));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Values_out_of_range_are_named(string name, InnerSettings settings)
    {
        Assert.Contains(name, Assert.Single(settings.Problems()), StringComparison.Ordinal);
        Assert.Throws<TrainingException>(settings.Validate);
    }

    public static TheoryData<string, ModelConfig> Untrainable => new()
    {
        { "biases", TrainedModels.Tied with { AttentionBias = true } },
        { "head norms", TrainedModels.Tied with { QueryKeyNorm = true } },
        { "experts", SmallModel.Experts },
        { "family", TrainedModels.Tied with { Family = ModelFamily.Qwen3 } },
        { "window", TrainedModels.Tied with { Family = ModelFamily.Mistral, SlidingWindow = 8 } },
    };

    [Theory]
    [MemberData(nameof(Untrainable))]
    public void A_model_of_another_architecture_is_refused(string name, ModelConfig config) =>
        Assert.True(Assert.Throws<TrainingException>(() => ParameterLayout.Of(config)).Message.Contains("Llama architecture", StringComparison.Ordinal), name);
}
