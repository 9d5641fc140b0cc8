using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;

namespace Verathos.GpuRuntime.Tests.Training;

/// <summary>The embedded model's own recipe on less text and for a few steps: the same command gives the same bits.</summary>
public sealed class ReproductionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-again").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_same_recipe_gives_the_same_bits_again(int threads)
    {
        string first = Train("first", threads);

        Assert.Equal(first, Train("again", threads));
    }

    private string Train(string name, int threads)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        TrainingRecipe recipe = EmbeddedModel.Recipe with { Documents = 100, VocabularySize = 320, CorpusSha256 = null };
        recipe = recipe with { Optimiser = recipe.Optimiser with { Steps = 3, Rows = 4, CheckpointEvery = 3, Threads = threads } };
        TrainingOptions options = new(folder, Path.Combine(folder, "checkpoint.safetensors"), Fresh: false, CorpusFile: null, StopAfter: null);
        TrainingResult result = new LocalTrainer(recipe, options, TimeProvider.System).Run(CancellationToken.None);
        Assert.True(result.Completed);
        return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "model.safetensors"))));
    }
}
