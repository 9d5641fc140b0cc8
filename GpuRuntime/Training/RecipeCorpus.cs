using System.Text;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.GpuRuntime.Training;

/// <summary>A recipe's training text with the vocabulary that follows from it.</summary>
/// <param name="Documents">The documents' tokens.</param>
/// <param name="Digests">SHA-256 of each document's line in the corpus file, without its end.</param>
/// <param name="Vocabulary">The vocabulary.</param>
/// <param name="Sha256">SHA-256 of the corpus file in lower-case hex.</param>
public sealed record RecipeCorpus(EncodedDocument[] Documents, byte[][] Digests, BpeVocabulary Vocabulary, string Sha256)
{
    /// <summary>Tokens of all documents.</summary>
    public long Tokens => Documents.Sum(static document => (long)document.Ids.Length);

    /// <summary>Writes the text, trains the vocabulary on it and encodes it.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="file">Where the text is written too; null for nowhere.</param>
    /// <param name="stage">Told what begins; null if nobody wants it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TrainingException">The text is not the recipe's.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static RecipeCorpus Create(TrainingRecipe recipe, string? file, Action<TrainingStage>? stage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        stage?.Invoke(TrainingStage.Corpus);
        Document[] documents = [.. new CorpusGenerator(recipe.Seed).Documents(recipe.Documents)];
        string digest;
        List<byte[]> digests = [];
        using (FileStream? output = file is null ? null : File.Create(file))
        {
            digest = CorpusFile.Write(documents, output, digests);
        }

        if (recipe.CorpusSha256 is { } expected && expected != digest)
        {
            throw new TrainingException(
                $"The corpus has SHA-256 {digest}, the recipe expects {expected}: the generator is not the recipe's. Set corpus_sha256 to null to train on it all the same.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        stage?.Invoke(TrainingStage.Vocabulary);
        BpeVocabulary vocabulary = BpeTrainer.Train(documents.SelectMany(Texts).Concat(Numbers()), recipe.VocabularySize);
        cancellationToken.ThrowIfCancellationRequested();
        stage?.Invoke(TrainingStage.Encoding);
        var names = new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null);
        var encoder = new DocumentEncoder(TokenizerJson.Load(Encoding.UTF8.GetBytes(vocabulary.ToTokenizerJson()), names));
        var encoded = new EncodedDocument[documents.Length];
        for (int i = 0; i < documents.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            encoded[i] = encoder.Encode(documents[i]);
        }

        return new RecipeCorpus(encoded, [.. digests], vocabulary, digest);
    }

    // Every number of the closed world becomes one token, with and without a space before it.
    private static IEnumerable<string> Numbers() =>
        Enumerable.Repeat(Enumerable.Range(0, ClosedWorld.LargestSum + 1).SelectMany(n => new[] { $"{n}", $" {n}" }), 1000).SelectMany(n => n);

    private static IEnumerable<string> Texts(Document document) =>
        document.Turns.Count == 0 ? [document.Text] : document.Turns.SelectMany(t => new[] { t.Role + "\n", t.Content, "\n" });
}
