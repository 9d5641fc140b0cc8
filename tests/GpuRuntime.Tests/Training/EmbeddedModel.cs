using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Training;

/// <summary>The embedded model's folder, recipe and whole training text.</summary>
internal static class EmbeddedModel
{
    public static string Folder { get; } = Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");

    public static TrainingRecipe Recipe { get; } = TrainingRecipe.Read(Path.Combine(Folder, "recipe.json"));

    public static IReadOnlyList<Document> Corpus => s_corpus.Value;

    private static readonly Lazy<Document[]> s_corpus = new(() => [.. new CorpusGenerator(Recipe.Seed).Documents(Recipe.Documents)]);
}
