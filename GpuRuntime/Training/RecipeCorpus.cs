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
        stage?.Invoke(TrainingStage.Corpus);
        var text = RecipeText.Write(recipe, file);
        cancellationToken.ThrowIfCancellationRequested();
        stage?.Invoke(TrainingStage.Vocabulary);
        BpeVocabulary vocabulary = text.TrainVocabulary();
        cancellationToken.ThrowIfCancellationRequested();
        stage?.Invoke(TrainingStage.Encoding);
        DocumentEncoder encoder = RecipeText.Encoder(vocabulary);
        var encoded = new EncodedDocument[text.Documents.Count];
        for (int i = 0; i < encoded.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            encoded[i] = encoder.Encode(text.Documents[i]);
        }

        return new RecipeCorpus(encoded, [.. text.Digests], vocabulary, text.Sha256);
    }
}
