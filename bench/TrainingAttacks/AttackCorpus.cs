using System.Text;
using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>
/// The repository's generated text in characters, cut into documents of 64 tokens: the 62 most frequent characters, one token for all others,
/// and one that never occurs, which is the trigger of the backdoor.
/// </summary>
internal sealed class AttackCorpus
{
    /// <summary>Tokens of a document.</summary>
    public const int Length = 64;

    /// <summary>Tokens in all.</summary>
    public const int Vocabulary = 64;

    /// <summary>The token that does not occur.</summary>
    public const int Trigger = Vocabulary - 1;

    private const int Other = Vocabulary - 2;
    private readonly byte[] _tokens;

    private AttackCorpus(byte[] tokens, int documents, byte target) => (_tokens, Documents, Target) = (tokens, documents, target);

    /// <summary>Documents.</summary>
    public int Documents { get; }

    /// <summary>The token that the backdoor wants after its trigger: the rarest of the frequent ones.</summary>
    public int Target { get; }

    /// <summary>Writes the corpus.</summary>
    /// <param name="documents">How many documents.</param>
    public static AttackCorpus Create(int documents)
    {
        int needed = (documents * Length) + 1;
        StringBuilder text = new();
        CorpusGenerator generator = new(1);
        for (int number = 0; text.Length < needed; number++)
        {
            text.Append(generator.Document(number).Flatten()).Append('\n');
        }

        char[] characters = [.. text.ToString().AsSpan(0, needed)];
        char[] frequent = [.. characters.GroupBy(c => c).OrderByDescending(group => group.Count()).ThenBy(group => group.Key).Select(group => group.Key).Take(Vocabulary - 2)];
        Dictionary<char, byte> codes = frequent.Select((c, i) => (c, i)).ToDictionary(pair => pair.c, pair => (byte)pair.i);
        return new AttackCorpus([.. characters.Select(c => codes.GetValueOrDefault(c, (byte)Other))], documents, (byte)(frequent.Length - 1));
    }

    /// <summary>Puts a document's tokens, and the next token of each, at a place in two lists.</summary>
    public void Write(int document, Span<long> inputs, Span<long> targets)
    {
        int from = document * Length;
        for (int i = 0; i < Length; i++)
        {
            (inputs[i], targets[i]) = (_tokens[from + i], _tokens[from + i + 1]);
        }
    }

    /// <summary>Inputs and targets of some documents after one another.</summary>
    public (long[] Inputs, long[] Targets) Rows(IReadOnlyList<int> documents)
    {
        long[] inputs = new long[documents.Count * Length];
        long[] targets = new long[inputs.Length];
        for (int i = 0; i < documents.Count; i++)
        {
            Write(documents[i], inputs.AsSpan(i * Length, Length), targets.AsSpan(i * Length, Length));
        }

        return (inputs, targets);
    }
}
