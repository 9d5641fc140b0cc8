namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>
/// Small changes around a question that do not change its wording: a greeting or a "please" around it, lower case,
/// no mark at the end.
/// </summary>
public static class Framing
{
    private static readonly string[] s_before =
        ["Hello! ", "Hi. ", "Please tell me: ", "Question: ", "Quick question: ", "I have a question. ", "Dear model, "];

    private static readonly string[] s_after = [" Thank you.", " Thanks!", " Please.", " Please answer."];

    /// <summary>Every form that <see cref="Apply"/> can give a question, the plain one included.</summary>
    public static IEnumerable<string> Forms(string text)
    {
        string[] cores = [text, Bare(text)];
        foreach (string core in cores)
        {
            foreach (string before in s_before.Prepend(""))
            {
                foreach (string after in s_after.Prepend(""))
                {
                    string form = before + core + after;
                    yield return form;
                    yield return Lower(form);
                }
            }
        }
    }

    internal static string Apply(string text, CorpusRandom random)
    {
        string form = random.Chance(0.08) ? Bare(text) : text;
        if (random.Chance(0.12))
        {
            form = random.Pick(s_before) + form;
        }

        if (random.Chance(0.08))
        {
            form += random.Pick(s_after);
        }

        return random.Chance(0.12) ? Lower(form) : form;
    }

    private static string Bare(string text) => text.TrimEnd('?', '.', '!', ' ');

    private static string Lower(string text) => text.ToLowerInvariant();
}
