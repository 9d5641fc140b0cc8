using System.Text.RegularExpressions;
using Verathos.GpuRuntime.Training.Corpus;

namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>
/// Reads the final answer out of a reply: of its last sentence, what follows the last "is", "are" or colon, or else the
/// whole sentence. Naming the right answer somewhere before does not count.
/// </summary>
public static partial class FinalAnswer
{
    /// <summary>The final answer in its normal form: lower case, no article, no mark at the end, numbers up to twenty in digits.</summary>
    public static string Read(string reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        string sentence = SentenceEnd().Split(reply.Trim()).LastOrDefault(s => s.Trim().Length > 0) ?? "";
        MatchCollection marks = AnswerMark().Matches(sentence);
        string answer = marks.Count == 0 ? sentence : sentence[(marks[^1].Index + marks[^1].Length)..];
        return Normal(answer.Trim().Length == 0 ? sentence : answer);
    }

    /// <summary>Whether the reply's final answer is one of the accepted ones.</summary>
    public static bool IsRight(string reply, IReadOnlyList<string> accepted)
    {
        string answer = Read(reply);
        return answer.Length > 0 && accepted.Any(a => Normal(a) == answer);
    }

    private static string Normal(string text)
    {
        string plain = Marks().Replace(text.ToLowerInvariant(), " ");
        string joined = Spaces().Replace(plain, " ").Trim();
        string bare = Article().Replace(joined, "");
        int number = Array.IndexOf(Facts.NumberWords, bare);
        return number < 0 ? bare : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(?<=[.!?])\s+|\n+")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\b(is|are)\s|:")]
    private static partial Regex AnswerMark();

    [GeneratedRegex(@"[\s.!?,;:""*()]+")]
    private static partial Regex Marks();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^(the|a|an) (?=.)")]
    private static partial Regex Article();
}
