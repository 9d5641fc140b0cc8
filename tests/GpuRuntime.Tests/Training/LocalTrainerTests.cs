using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed class LocalTrainerTests : IDisposable
{
    private static readonly TrainingRecipe s_recipe = new(
        "test", 7, 300, 320,
        new ModelShape(16, 32, 2, 4, 2, 64, 10000, 1e-5),
        new OptimiserSettings(8, 3, 32, 0.003, 0.0003, 2, 0.05, 0.9, 0.98, 1, 3, 1),
        null);

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-train").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_resumed_run_equals_an_uninterrupted_one_bit_for_bit()
    {
        TrainingResult whole = Run("whole", s_recipe);
        TrainingResult first = Run("parts", s_recipe, stopAfter: 5);
        Assert.False(first.Completed);
        Assert.False(File.Exists(Path.Combine(_folder, "parts", "model.safetensors")));
        TrainingResult second = Run("parts", s_recipe);
        Assert.Equal((5, 8, true), (second.ResumedFrom, second.Step, second.Completed));
        Assert.Equal(whole.Loss, second.Loss);
        Assert.Equal(Hash("whole/checkpoint.safetensors"), Hash("parts/checkpoint.safetensors"));
        foreach (string name in (string[])["model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json", "recipe.json"])
        {
            Assert.Equal(Hash("whole/" + name), Hash("parts/" + name));
        }
    }

    [Fact]
    public void Resuming_crosses_the_end_of_a_pass_over_the_corpus()
    {
        TrainingRecipe few = s_recipe with { Documents = 5 };
        Run("whole", few);
        Run("parts", few, stopAfter: 3);
        Assert.True(Checkpoint.Read(Path.Combine(_folder, "parts", "checkpoint.safetensors")).Position.Epoch > 0);
        Run("parts", few);
        Assert.Equal(Hash("whole/checkpoint.safetensors"), Hash("parts/checkpoint.safetensors"));
    }

    [Fact]
    public void A_cancelled_run_leaves_a_checkpoint_that_continues()
    {
        using var stop = new CancellationTokenSource();
        var progress = new Callback(p =>
        {
            if (p.Step == 4)
            {
                stop.Cancel();
            }
        });
        TrainingResult stopped = new LocalTrainer(s_recipe, Options("run"), TimeProvider.System, progress).Run(stop.Token);
        Assert.Equal((false, 4), (stopped.Completed, stopped.Step));
        Run("whole", s_recipe);
        Run("run", s_recipe);
        Assert.Equal(Hash("whole/model.safetensors"), Hash("run/model.safetensors"));
    }

    [Fact]
    public void A_half_written_checkpoint_beside_the_old_one_is_ignored()
    {
        Run("run", s_recipe, stopAfter: 3);
        File.WriteAllText(Path.Combine(_folder, "run", "checkpoint.safetensors.partial"), "killed here");
        Assert.Equal(3, Run("run", s_recipe).ResumedFrom);
    }

    [Fact]
    public void A_damaged_checkpoint_is_a_clear_error()
    {
        Run("run", s_recipe, stopAfter: 3);
        string path = Path.Combine(_folder, "run", "checkpoint.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..1000]);
        Assert.Contains("cannot be read", Assert.Throws<TrainingException>(() => Run("run", s_recipe)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_another_recipe_is_refused_unless_fresh()
    {
        Run("run", s_recipe, stopAfter: 3);
        TrainingRecipe other = s_recipe with { Seed = 8 };
        Assert.Contains("another recipe", Assert.Throws<TrainingException>(() => Run("run", other)).Message, StringComparison.Ordinal);
        Assert.Equal(0, Run("run", other, fresh: true).ResumedFrom);
    }

    [Fact]
    public void A_corpus_that_is_not_the_recipes_is_refused()
    {
        TrainingRecipe other = s_recipe with { CorpusSha256 = new string('0', 64) };
        Assert.Contains("The corpus has SHA-256", Assert.Throws<TrainingException>(() => Run("run", other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_lowers_the_loss()
    {
        var losses = new List<double>();
        TrainingRecipe longer = s_recipe with { Optimiser = s_recipe.Optimiser with { Steps = 60, CheckpointEvery = 60, LearningRate = 0.01 } };
        var progress = new Callback(p =>
        {
            if (p.Stage == TrainingStage.Training)
            {
                losses.Add(p.Loss);
            }
        });
        new LocalTrainer(longer, Options("run"), TimeProvider.System, progress).Run(CancellationToken.None);
        Assert.InRange(losses[0], 5.3, 6.3); // ln 320 = 5.77 of an untrained model
        Assert.True(losses.TakeLast(5).Average() < 0.8 * losses[0]);
    }

    private TrainingOptions Options(string name, bool fresh = false, int? stopAfter = null)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        return new TrainingOptions(folder, Path.Combine(folder, "checkpoint.safetensors"), fresh, null, stopAfter);
    }

    private TrainingResult Run(string name, TrainingRecipe recipe, bool fresh = false, int? stopAfter = null) =>
        new LocalTrainer(recipe, Options(name, fresh, stopAfter), TimeProvider.System).Run(CancellationToken.None);

    private string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, path))));

    private sealed class Callback(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
