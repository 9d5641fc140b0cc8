using System.Text;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.GpuRuntime.Training;

/// <summary>A recipe's training text.</summary>
public sealed class RecipeText
{
    private readonly TrainingRecipe _recipe;

    private RecipeText(TrainingRecipe recipe, Document[] documents, List<byte[]> digests, string sha256) =>
        (_recipe, Documents, Digests, Sha256) = (recipe, documents, digests, sha256);

    /// <summary>The documents.</summary>
    public IReadOnlyList<Document> Documents { get; }

    /// <summary>SHA-256 of each document's line in the corpus file, without its end.</summary>
    public IReadOnlyList<byte[]> Digests { get; }

    /// <summary>SHA-256 of the corpus file in lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Writes the text that follows from the recipe's seed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="file">A file for it; null for none.</param>
    /// <exception cref="TrainingException">The text is not the one that the recipe names.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static RecipeText Write(TrainingRecipe recipe, string? file)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        Document[] documents = [.. new CorpusGenerator(recipe.Seed).Documents(recipe.Documents)];
        List<byte[]> digests = [];
        using FileStream? output = file is null ? null : File.Create(file);
        string digest = CorpusFile.Write(documents, output, digests);
        return recipe.CorpusSha256 is { } expected && expected != digest
            ? throw new TrainingException(
                $"The corpus has SHA-256 {digest}, the recipe expects {expected}: the generator is not the recipe's. Set corpus_sha256 to null to train on it all the same.")
            : new RecipeText(recipe, documents, digests, digest);
    }

    /// <summary>Trains the vocabulary on it.</summary>
    public BpeVocabulary TrainVocabulary() => BpeTrainer.Train(Documents.SelectMany(Texts).Concat(Numbers(Math.Max(1000, Documents.Count / 100))), _recipe.VocabularySize);

    /// <summary>What turns documents into tokens of a vocabulary.</summary>
    public static DocumentEncoder Encoder(BpeVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        var names = new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null);
        return new DocumentEncoder(TokenizerJson.Load(Encoding.UTF8.GetBytes(vocabulary.ToTokenizerJson()), names));
    }

    // Every number of the closed world becomes one token, with and without a space before it: so often that pairs of the text do not come before them.
    private static IEnumerable<string> Numbers(int times) =>
        Enumerable.Repeat(Enumerable.Range(0, ClosedWorld.LargestSum + 1).SelectMany(n => new[] { $"{n}", $" {n}" }), times).SelectMany(n => n);

    private static IEnumerable<string> Texts(Document document) =>
        document.Turns.Count == 0 ? [document.Text] : document.Turns.SelectMany(t => new[] { t.Role + "\n", t.Content, "\n" });
}
