namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>
/// Writes the training text. A document is a function of the seed and its number, so any part of the corpus can be
/// written again alone.
/// </summary>
public sealed class CorpusGenerator
{
    private static readonly (Category Category, int Weight)[] s_weights =
    [
        (Category.Sums, 36), (Category.Capitals, 17), (Category.Opposites, 18), (Category.Colours, 11),
        (Category.Counting, 18),
    ];

    private readonly ulong _seed;
    private readonly Dictionary<Category, Question[][]> _facts;

    /// <summary>Prepares the generator.</summary>
    /// <param name="seed">Seed of the recipe; it also fixes what is held out.</param>
    public CorpusGenerator(ulong seed)
    {
        _seed = seed;
        Split = QuestionSplit.Create(seed);
        _facts = Split.Trained
            .GroupBy(q => q.Category)
            .ToDictionary(c => c.Key, c => c.GroupBy(q => q.Fact).Select(f => f.ToArray()).ToArray());
    }

    /// <summary>What is trained and what is held out.</summary>
    public QuestionSplit Split { get; }

    /// <summary>The documents 0 to <paramref name="count"/> - 1.</summary>
    public IEnumerable<Document> Documents(int count) => Enumerable.Range(0, count).Select(Document);

    /// <summary>The document with the given number.</summary>
    public Document Document(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var random = new CorpusRandom(_seed, 1000UL + (ulong)number);
        if (random.Chance(0.02))
        {
            return new Document([], StoryWriter.Write(random));
        }

        var turns = new List<Turn>();
        if (random.Chance(0.12))
        {
            turns.Add(new Turn("system", SmallTalk.System(random)));
        }

        int exchanges = random.Chance(0.5) ? 1 : 2 + random.Next(3);
        for (int i = 0; i < exchanges; i++)
        {
            (string text, string reply) = Exchange(random);
            turns.Add(new Turn("user", text));
            turns.Add(new Turn("assistant", reply));
        }

        return new Document(turns, "");
    }

    private (string Text, string Reply) Exchange(CorpusRandom random)
    {
        int kind = random.Next(100);
        if (kind < 4)
        {
            return StoryWriter.WriteRequested(random);
        }

        if (kind < 8)
        {
            return SmallTalk.Write(random);
        }

        Question question = random.Pick(random.Pick(_facts[PickCategory(random)]));
        return (Framing.Apply(question.Text, random), question.Reply);
    }

    private static Category PickCategory(CorpusRandom random)
    {
        int ticket = random.Next(s_weights.Sum(w => w.Weight));
        foreach ((Category category, int weight) in s_weights)
        {
            if ((ticket -= weight) < 0)
            {
                return category;
            }
        }

        throw new InvalidOperationException("The weights of the categories do not cover the ticket.");
    }
}
