using Verathos.Bench.Architectures;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

/// <summary>Models read from files compute in training what they compute when they are served.</summary>
public sealed class LoadedWeightsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama", false)]
    [InlineData("llama", true)]
    [InlineData("llama-llama3", false)]
    public void The_loss_is_the_served_models(string name, bool gguf)
    {
        ReferenceModel model = new(ReferenceCases.All.Single(c => c.Name == name), 5);
        string path = Path.Combine(_folder, gguf ? "model.gguf" : "model");
        if (gguf)
        {
            model.WriteGguf(path);
        }
        else
        {
            model.WriteFolder(path);
        }

        var weights = ModelWeights.Load(path);
        using InnerTrainer trainer = new(weights, new InnerSettings { MicroBatches = 1 }, 1);
        using LoadedModel served = ModelLoader.Load(path, new LoadOptions { Profile = NumericProfile.F32 });
        int[] ids = [.. Enumerable.Range(0, 12).Select(i => ((i * 37) + 5) % served.Config.VocabularySize)];

        DocumentLoss trained = trainer.Evaluate([new EncodedDocument(ids, [.. ids.Select((_, i) => i == ids.Length - 1)])])[0];

        Assert.Equal(1, trained.Tokens);
        Assert.Equal(ServedLoss(served, ids), trained.Sum, 4);
    }

    [Fact]
    public void A_model_that_can_be_served_but_not_trained_is_refused()
    {
        string path = Path.Combine(_folder, "model");
        new ReferenceModel(ReferenceCases.All.Single(c => c.Name == "qwen3"), 5).WriteFolder(path);

        Assert.Contains("Llama architecture", Assert.Throws<TrainingException>(() => ModelWeights.Load(path)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => ModelWeights.Load(path + ".gguf"));
    }

    private static double ServedLoss(LoadedModel served, int[] ids)
    {
        float[] logits = new float[served.Config.VocabularySize];
        using SequenceState state = served.Backend.CreateSequence(ids.Length);
        served.Backend.Forward(state, ids.AsSpan(0, ids.Length - 1), logits);
        double greatest = logits.Max();
        return greatest + Math.Log(logits.Sum(logit => Math.Exp(logit - greatest))) - logits[ids[^1]];
    }
}
