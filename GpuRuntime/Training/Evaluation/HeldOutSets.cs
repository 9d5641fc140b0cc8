using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>The questions of the closed world that a recipe's training text does not hold.</summary>
public static class HeldOutSets
{
    /// <summary>The sets that belong to a seed.</summary>
    /// <param name="seed">Seed of the recipe.</param>
    /// <param name="limit">At most that many questions a set and category, chosen by the seed; null for all.</param>
    public static IReadOnlyList<EvaluationSet> Create(ulong seed, int? limit = null)
    {
        var split = QuestionSplit.Create(seed);
        return
        [
            Set(
                "held-out wordings", "known facts in a wording in which this fact was never trained",
                split.HeldOutWordings, seed, limit),
            Set("held-out sums", "sums never trained in any wording or order", split.HeldOutSums, seed, limit),
            Set(
                "new wordings", "known facts in wordings that were never trained for any fact",
                ClosedWorld.UnseenWordings.Where(q => !split.HeldOutSumFacts.Contains(q.Fact)), seed, limit),
        ];
    }

    private static EvaluationSet Set(string name, string description, IEnumerable<Question> questions, ulong seed, int? limit)
    {
        var random = new CorpusRandom(seed, stream: 4);
        var chosen = new List<EvaluationQuestion>();
        foreach (IGrouping<Category, Question> category in questions.GroupBy(q => q.Category))
        {
            Question[] all = [.. category];
            if (limit < all.Length)
            {
                random.Shuffle(all.AsSpan());
            }

            chosen.AddRange(all.Take(limit ?? all.Length).Select(q =>
                new EvaluationQuestion(q.Category.ToString().ToLowerInvariant(), q.Text, [q.Answer])));
        }

        return new EvaluationSet(name, description, chosen);
    }
}
