namespace Verathos.Host.Training;

/// <summary>The documents of a run, and the vocabulary they are written in.</summary>
/// <param name="Path">JSON lines, as 'train local --corpus' writes them, or text that empty lines cut into documents; relative to the run's file. Null for the generated corpus.</param>
/// <param name="Seed">Seed of the generated corpus.</param>
/// <param name="Documents">Documents of the generated corpus, or the most that are taken of a file.</param>
/// <param name="VocabularySize">Size of a vocabulary that is trained on the documents; null where the model's files have one.</param>
public sealed record RunCorpus(string? Path, ulong? Seed, int Documents, int? VocabularySize)
{
    internal IEnumerable<string> Problems()
    {
        if ((Path is null) == (Seed is null))
        {
            yield return "corpus must have either path or seed";
        }

        if (Documents is < 2 or > 100_000_000)
        {
            yield return "corpus.documents must be from 2 to 100,000,000";
        }

        if (VocabularySize is < 259 or > 65536)
        {
            yield return "corpus.vocabulary_size must be from 259 to 65536";
        }
    }
}
