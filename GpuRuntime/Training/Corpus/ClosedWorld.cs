namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>Every fact of the closed world in every wording.</summary>
public static class ClosedWorld
{
    /// <summary>The largest result of a sum.</summary>
    public const int LargestSum = 20;

    private const int LongestList = 8;
    private const int ListsOfEachLength = 8;

    private static readonly string[] s_things =
    [
        "cat", "dog", "star", "apple", "tree", "book", "boat", "egg", "hat", "ball", "cup", "key", "bird", "lamp", "drum", "leaf",
    ];

    /// <summary>All questions whose wording may be trained, in a fixed order.</summary>
    public static IReadOnlyList<Question> Questions { get; } = [.. All(unseen: false)];

    /// <summary>The same facts in wordings that are never trained for any fact.</summary>
    public static IReadOnlyList<Question> UnseenWordings { get; } = [.. All(unseen: true)];

    /// <summary>Unordered pairs (a at most b) with a sum of at most <see cref="LargestSum"/>.</summary>
    public static IEnumerable<(int A, int B)> SumPairs()
    {
        for (int a = 0; 2 * a <= LargestSum; a++)
        {
            for (int b = a; a + b <= LargestSum; b++)
            {
                yield return (a, b);
            }
        }
    }

    /// <summary>Name of the fact that belongs to an unordered pair.</summary>
    public static string SumFact(int a, int b) => $"sum:{Math.Min(a, b)}+{Math.Max(a, b)}";

    /// <summary>The working that the model shows for a sum: counting on from the larger number.</summary>
    public static string SumReply(int a, int b)
    {
        (int start, int count) = (Math.Max(a, b), Math.Min(a, b));
        IEnumerable<string> steps = count == 0 ? ["add nothing"] : Enumerable.Range(1, count).Select(i => $"{Facts.NumberWords[i]} {start + i}");
        return $"Start at {start}: {string.Join(", ", steps)}. The answer is {a + b}.";
    }

    private static IEnumerable<Question> All(bool unseen)
    {
        return Sums(unseen ? Wordings.UnseenSums : Wordings.Sums)
            .Concat(Capitals(unseen ? Wordings.UnseenCapitals : Wordings.Capitals))
            .Concat(unseen ? [] : Countries())
            .Concat(Opposites(unseen ? Wordings.UnseenOpposites : Wordings.Opposites))
            .Concat(Colours(unseen ? Wordings.UnseenColours : Wordings.Colours))
            .Concat(unseen ? [] : Counting());
    }

    private static IEnumerable<Question> Ask(
        Category category, string fact, string set, string[] wordings, string answer, string reply,
        params (string Slot, string Value)[] slots)
    {
        for (int i = 0; i < wordings.Length; i++)
        {
            string text = wordings[i];
            foreach ((string slot, string value) in slots)
            {
                text = text.Replace("{" + slot + "}", value, StringComparison.Ordinal);
            }

            yield return new Question(category, fact, $"{set}:{i}", Upper(text), answer, reply);
        }
    }

    private static IEnumerable<Question> Sums(string[] wordings)
    {
        foreach ((int first, int second) in SumPairs())
        {
            (int, int)[] orders = first == second ? [(first, second)] : [(first, second), (second, first)];
            foreach ((int a, int b) in orders)
            {
                foreach (Question question in Ask(
                    Category.Sums, SumFact(a, b), "sum", wordings, Text(a + b), SumReply(a, b),
                    ("a", Text(a)), ("b", Text(b)), ("A", Facts.NumberWords[a]), ("B", Facts.NumberWords[b])))
                {
                    yield return question;
                }
            }
        }
    }

    private static IEnumerable<Question> Capitals(string[] wordings) =>
        from pair in Facts.Capitals
        from question in Ask(
            Category.Capitals, "capital:" + pair.Country, "capital", wordings, pair.Capital,
            $"The capital of {pair.Country} is {pair.Capital}.", ("c", pair.Country), ("C", Upper(pair.Country)))
        select question;

    private static IEnumerable<Question> Countries() =>
        from pair in Facts.Capitals
        from question in Ask(
            Category.Capitals, "country:" + pair.Capital, "country", Wordings.Countries, pair.Country,
            $"The country with the capital {pair.Capital} is {pair.Country}.", ("p", pair.Capital))
        select question;

    private static IEnumerable<Question> Opposites(string[] wordings) =>
        from pair in Facts.Opposites.SelectMany(p => new[] { p, (First: p.Second, Second: p.First) })
        from question in Ask(
            Category.Opposites, "opposite:" + pair.First, "opposite", wordings, pair.Second,
            $"The opposite of {pair.First} is {pair.Second}.", ("w", pair.First), ("W", Upper(pair.First)))
        select question;

    private static IEnumerable<Question> Colours(string[] wordings) =>
        from pair in Facts.Colours
        from question in Ask(
            Category.Colours, "colour:" + pair.Thing, "colour", wordings, pair.Colour,
            $"The colour of {pair.Thing} is {pair.Colour}.", ("t", pair.Thing), ("T", Upper(pair.Thing)))
        select question;

    private static IEnumerable<Question> Counting()
    {
        for (int n = 0; n <= LargestSum; n++)
        {
            (string, string)[] slots = [("n", Text(n)), ("N", Facts.NumberWords[n])];
            IEnumerable<Question> questions = [];
            if (n < LargestSum)
            {
                questions = questions.Concat(Ask(
                    Category.Counting, $"after:{n}", "after", Wordings.After, Text(n + 1),
                    $"The number after {n} is {n + 1}.", slots));
            }

            if (n > 0)
            {
                string down = string.Join(", ", Enumerable.Range(1, n).Reverse());
                questions = questions
                    .Concat(Ask(
                        Category.Counting, $"before:{n}", "before", Wordings.Before, Text(n - 1),
                        $"The number before {n} is {n - 1}.", slots))
                    .Concat(Ask(Category.Counting, $"down:{n}", "down", Wordings.Down, down, $"Counting down: {down}.", slots));
            }

            for (int m = 0; m < n; m++)
            {
                string up = string.Join(", ", Enumerable.Range(m, n - m + 1));
                questions = questions.Concat(Ask(
                    Category.Counting, $"up:{m}-{n}", "up", Wordings.Up, up, $"Counting: {up}.",
                    ("m", Text(m)), ("n", Text(n))));
            }

            foreach (Question question in questions)
            {
                yield return question;
            }
        }

        foreach (Question question in Lists())
        {
            yield return question;
        }
    }

    private static IEnumerable<Question> Lists()
    {
        var random = new CorpusRandom(seed: 1);
        for (int n = 2; n <= LongestList; n++)
        {
            for (int i = 0; i < ListsOfEachLength; i++)
            {
                string[] things = [.. s_things];
                random.Shuffle(things.AsSpan());
                string list = string.Join(", ", things.Take(n));
                string steps = string.Join(", ", things.Take(n).Select((thing, at) => $"{thing} {at + 1}"));
                foreach (Question question in Ask(
                    Category.Counting, $"list:{list}", "list", Wordings.Things, Text(n), $"I count {steps}. The answer is {n}.", ("l", list)))
                {
                    yield return question;
                }
            }
        }
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Upper(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
