namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>
/// Which questions are trained and which are only measured. Every fact is trained in most of its wordings and held
/// out in two of them; at least a fifth of the unordered sum pairs is never trained in any wording or order.
/// </summary>
public sealed class QuestionSplit
{
    /// <summary>Wordings held out for each fact that is trained.</summary>
    public const int WordingsHeldOut = 2;

    /// <summary>Unordered sum pairs never trained, of 121.</summary>
    public const int SumPairsHeldOut = 28;

    private QuestionSplit(
        IReadOnlyList<Question> trained, IReadOnlyList<Question> heldOutWordings, IReadOnlyList<Question> heldOutSums,
        IReadOnlySet<string> heldOutSumFacts)
    {
        Trained = trained;
        HeldOutWordings = heldOutWordings;
        HeldOutSums = heldOutSums;
        HeldOutSumFacts = heldOutSumFacts;
    }

    /// <summary>Questions that the corpus may contain.</summary>
    public IReadOnlyList<Question> Trained { get; }

    /// <summary>(fact, wording) pairs never trained, of facts that are trained in other wordings.</summary>
    public IReadOnlyList<Question> HeldOutWordings { get; }

    /// <summary>Sums never trained in any wording, in both orders.</summary>
    public IReadOnlyList<Question> HeldOutSums { get; }

    /// <summary>Names of the sums never trained.</summary>
    public IReadOnlySet<string> HeldOutSumFacts { get; }

    /// <summary>The split that belongs to a seed.</summary>
    public static QuestionSplit Create(ulong seed)
    {
        var random = new CorpusRandom(seed, stream: 1);
        HashSet<string> sums = HoldOutSums(random);
        var heldOut = new HashSet<(string, string)>();
        foreach (IGrouping<string, Question> fact in ClosedWorld.Questions.GroupBy(q => q.Fact))
        {
            string[] wordings = [.. fact.Select(q => q.Wording).Distinct()];
            random.Shuffle(wordings.AsSpan());
            foreach (string wording in wordings.Take(WordingsHeldOut))
            {
                heldOut.Add((fact.Key, wording));
            }
        }

        ILookup<int, Question> parts = ClosedWorld.Questions.ToLookup(
            q => sums.Contains(q.Fact) ? 2 : heldOut.Contains((q.Fact, q.Wording)) ? 1 : 0);
        return new QuestionSplit([.. parts[0]], [.. parts[1]], [.. parts[2]], sums);
    }

    // The smaller number is the length of the working: each keeps at least two trained pairs, or all that it has.
    private static HashSet<string> HoldOutSums(CorpusRandom random)
    {
        (int A, int B)[] pairs = [.. ClosedWorld.SumPairs()];
        Dictionary<int, int> left = pairs.GroupBy(p => p.A).ToDictionary(g => g.Key, g => g.Count());
        random.Shuffle(pairs.AsSpan());
        var chosen = new HashSet<string>();
        foreach ((int a, int b) in pairs)
        {
            if (chosen.Count < SumPairsHeldOut && left[a] > 2)
            {
                left[a]--;
                chosen.Add(ClosedWorld.SumFact(a, b));
            }
        }

        return chosen;
    }
}
