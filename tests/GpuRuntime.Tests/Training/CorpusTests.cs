using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Tests.Training;

public sealed partial class CorpusTests
{
    private static readonly ulong Seed = EmbeddedModel.Recipe.Seed;
    private static readonly CorpusGenerator s_generator = new(Seed);
    private static readonly Lazy<HashSet<string>> s_asked = new(() =>
        [.. EmbeddedModel.Corpus.SelectMany(d => d.Turns).Where(t => t.Role == "user").Select(t => t.Content)]);

    [Fact]
    public void Every_fact_but_the_held_out_sums_is_trained_and_held_out_in_two_wordings()
    {
        QuestionSplit split = s_generator.Split;
        HashSet<string> trained = [.. split.Trained.Select(q => q.Fact)];
        Assert.All(
            ClosedWorld.Questions.Select(q => q.Fact).Distinct(),
            fact => Assert.NotEqual(trained.Contains(fact), split.HeldOutSumFacts.Contains(fact)));
        Assert.All(
            split.HeldOutWordings.GroupBy(q => q.Fact),
            fact => Assert.Equal(QuestionSplit.WordingsHeldOut, fact.Select(q => q.Wording).Distinct().Count()));
        Assert.Equal(trained.Count, split.HeldOutWordings.Select(q => q.Fact).Distinct().Count());
    }

    [Fact]
    public void At_least_a_fifth_of_the_sum_pairs_is_held_out_in_both_orders_and_all_wordings()
    {
        int pairs = ClosedWorld.SumPairs().Count();
        QuestionSplit split = s_generator.Split;
        Assert.Equal(121, pairs);
        Assert.Equal(QuestionSplit.SumPairsHeldOut, split.HeldOutSumFacts.Count);
        Assert.True(split.HeldOutSumFacts.Count >= 0.2 * pairs);
        int expected = ClosedWorld.Questions.Count(q => split.HeldOutSumFacts.Contains(q.Fact));
        Assert.Equal(expected, split.HeldOutSums.Count);
        Assert.DoesNotContain(split.Trained, q => split.HeldOutSumFacts.Contains(q.Fact));
    }

    [Fact]
    public void Every_wording_is_trained_for_some_fact()
    {
        HashSet<string> trained = [.. s_generator.Split.Trained.Select(q => q.Wording)];
        Assert.All(ClosedWorld.Questions.Select(q => q.Wording).Distinct(), wording => Assert.Contains(wording, trained));
    }

    [Fact]
    public void No_held_out_question_occurs_in_the_training_text_in_any_form()
    {
        QuestionSplit split = s_generator.Split;
        foreach (Question question in split.HeldOutWordings.Concat(split.HeldOutSums).Concat(ClosedWorld.UnseenWordings))
        {
            Assert.DoesNotContain(Framing.Forms(question.Text), s_asked.Value.Contains);
        }
    }

    [Fact]
    public void The_forms_of_a_question_cover_what_the_corpus_asks()
    {
        HashSet<string> forms = [.. s_generator.Split.Trained.SelectMany(q => Framing.Forms(q.Text))];
        int known = s_asked.Value.Count(forms.Contains);
        Assert.InRange(known, 5_000, s_asked.Value.Count);
        Assert.All(s_asked.Value.Where(text => Sum(text) is not null), text => Assert.Contains(text, forms));
    }

    // Independent of how the corpus is made: whatever asks about exactly two numbers up to 20, outside of counting.
    [Fact]
    public void No_message_asks_for_the_sum_of_a_held_out_pair()
    {
        int sums = 0;
        foreach (string text in s_asked.Value)
        {
            if (Sum(text) is (int a, int b))
            {
                sums++;
                Assert.DoesNotContain(ClosedWorld.SumFact(a, b), s_generator.Split.HeldOutSumFacts);
            }
        }

        Assert.InRange(sums, 1_000, int.MaxValue);
        Assert.Equal((7, 5), Sum("i have 7 apples and i get 5 more."));
        Assert.Equal((0, 20), Sum("How much is zero and twenty?"));
        Assert.Null(Sum("Count from 3 to 7."));
    }

    [Fact]
    public void Each_held_out_sum_is_asked_nowhere_but_each_trained_pair_is()
    {
        HashSet<string> asked = [.. s_asked.Value.Select(Sum).OfType<(int A, int B)>().Select(p => ClosedWorld.SumFact(p.A, p.B))];
        Assert.Equal(121 - QuestionSplit.SumPairsHeldOut, asked.Count);
    }

    [Fact]
    public void Stories_hold_no_numbers()
    {
        Assert.All(
            s_generator.Documents(5_000).Where(d => d.Turns.Count == 0),
            d => Assert.DoesNotContain(d.Text, char.IsDigit));
    }

    [Fact]
    public void A_document_depends_on_seed_and_number_alone()
    {
        var again = new CorpusGenerator(Seed);
        Assert.Equal(s_generator.Document(777).Flatten(), again.Document(777).Flatten());
        Assert.NotEqual(s_generator.Document(777).Flatten(), s_generator.Document(778).Flatten());
        Assert.NotEqual(
            CorpusFile.Write(again.Documents(100), null),
            CorpusFile.Write(new CorpusGenerator(Seed + 1).Documents(100), null));
    }

    [Fact]
    public void The_corpus_file_is_what_is_hashed()
    {
        using var file = new MemoryStream();
        string digest = CorpusFile.Write(s_generator.Documents(50), file);
        Assert.Equal(digest, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file.ToArray())));
        string[] lines = System.Text.Encoding.UTF8.GetString(file.ToArray()).TrimEnd('\n').Split('\n');
        Assert.Equal(50, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("{\"", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Wordings_of_a_fact_are_all_different_questions()
    {
        Assert.Equal(ClosedWorld.Questions.Count, ClosedWorld.Questions.Select(q => q.Text).Distinct().Count());
        Assert.DoesNotContain(ClosedWorld.Questions, q => q.Text.Contains('{', StringComparison.Ordinal));
    }

    [Fact]
    public void Answers_are_right_and_each_question_has_one()
    {
        foreach (Question question in ClosedWorld.Questions.Where(q => q.Category == Category.Sums))
        {
            (int a, int b) = Assert.NotNull(Sum(question.Text));
            Assert.Equal((a + b).ToString(System.Globalization.CultureInfo.InvariantCulture), question.Answer);
        }

        Assert.All(
            ClosedWorld.Questions.GroupBy(q => q.Text.ToLowerInvariant()),
            g => Assert.Single(g.Select(q => q.Answer).Distinct()));
    }

    private static (int A, int B)? Sum(string text)
    {
        string lower = text.ToLowerInvariant();
        if (CountingWords().IsMatch(lower))
        {
            return null;
        }

        int[] numbers = [.. Numbers().Matches(lower).Select(m => Array.IndexOf(Words, m.Value) is >= 0 and int word
            ? word
            : int.Parse(m.Value, System.Globalization.CultureInfo.InvariantCulture))];
        return numbers is [int a and <= 20, int b and <= 20] ? (a, b) : null;
    }

    private static readonly string[] Words =
        ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
            + "eighteen nineteen twenty").Split(' ');

    [GeneratedRegex(@"\bto \d+|numbers \d+|one (more|less|up|down)")]
    private static partial Regex CountingWords();

    [GeneratedRegex(
        @"\d+|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)\b")]
    private static partial Regex Numbers();
}
