using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Vocabulary;

namespace Verathos.Bench.TrainingText;

/// <summary>
/// A text as documents of whole verses, each about as long as a row. Of twenty documents in the text's order one is kept for the final loss,
/// which neither workers nor validators see, two are validators' own, and the others can be assigned; they are numbered in this order: assignable ones
/// first, then validators'.
/// </summary>
internal sealed class TextCorpus
{
    private const int Parts = 20, Final = 7;
    private static readonly int[] s_heldOut = [3, 13];

    private TextCorpus(BpeVocabulary vocabulary, EncodedDocument[] documents, int assignable, EncodedDocument[] final)
    {
        (Vocabulary, Documents, Assignable, FinalDocuments) = (vocabulary, documents, assignable, final);
        Digests = [.. documents.Select(Digest)];
    }

    /// <summary>The vocabulary, learned from what can be assigned.</summary>
    public BpeVocabulary Vocabulary { get; }

    /// <summary>What can be assigned, then what validators hold out.</summary>
    public IReadOnlyList<EncodedDocument> Documents { get; }

    /// <summary>How many can be assigned.</summary>
    public int Assignable { get; }

    /// <summary>SHA-256 of each document's token ids, 4 bytes each, little-endian.</summary>
    public IReadOnlyList<byte[]> Digests { get; }

    /// <summary>Documents of the final loss.</summary>
    public IReadOnlyList<EncodedDocument> FinalDocuments { get; }

    /// <summary>Makes the corpus of verses.</summary>
    /// <param name="verses">In their order.</param>
    /// <param name="vocabulary">Size of the vocabulary.</param>
    /// <param name="length">Tokens of a document at most, with the end of text.</param>
    public static TextCorpus Make(IReadOnlyList<string> verses, int vocabulary, int length)
    {
        // Whole chapters of the text are split off before the vocabulary is learned: blocks of ten verses, cut into documents after.
        string[][] blocks = [.. verses.Chunk(10)];
        BpeVocabulary learned = BpeTrainer.Train(blocks.Where((_, i) => PartOf(i) == 0).SelectMany(block => block.Select(verse => verse + "\n")), vocabulary);
        Tokenizer tokenizer = TokenizerJson.Load(Encoding.UTF8.GetBytes(learned.ToTokenizerJson()), new TokenizerConfig(null, null, AddsBos: false, ChatTemplate: null));
        List<EncodedDocument>[] parts = [[], [], []];
        for (int i = 0; i < blocks.Length; i++)
        {
            parts[PartOf(i)].AddRange(Cut(blocks[i].Select(verse => tokenizer.Encode(verse + "\n")), length));
        }

        return new TextCorpus(learned, [.. parts[0], .. parts[1]], parts[0].Count, [.. parts[2]]);
    }

    // 0: assigned, 1: validators', 2: the final loss.
    private static int PartOf(int block) => block % Parts == Final ? 2 : s_heldOut.Contains(block % Parts) ? 1 : 0;

    private static IEnumerable<EncodedDocument> Cut(IEnumerable<int[]> verses, int length)
    {
        List<int> ids = [];
        foreach (int[] verse in verses)
        {
            if (ids.Count > 0 && ids.Count + verse.Length >= length)
            {
                yield return Document(ids, length);
                ids.Clear();
            }

            ids.AddRange(verse);
        }

        if (ids.Count > 0)
        {
            yield return Document(ids, length);
        }
    }

    private static EncodedDocument Document(List<int> ids, int length)
    {
        int[] all = [.. ids.Take(length - 1), DocumentEncoder.EndOfText];
        return new EncodedDocument(all, [.. Enumerable.Repeat(true, all.Length)]);
    }

    private static byte[] Digest(EncodedDocument document)
    {
        byte[] bytes = new byte[4 * document.Ids.Length];
        for (int i = 0; i < document.Ids.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), document.Ids[i]);
        }

        return SHA256.HashData(bytes);
    }
}
