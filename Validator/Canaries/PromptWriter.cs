using System.Globalization;
using System.Text;
using static Verathos.Validator.Canaries.PromptWords;

namespace Verathos.Validator.Canaries;

/// <summary>Writes what people ask of language models: questions, texts to work on, code, plans, sums, small talk.</summary>
internal sealed class PromptWriter(CanaryRandom random)
{
    /// <summary>Whether the last task asks for more than a word or a number.</summary>
    public bool IsOpenEnded { get; private set; } = true;

    /// <summary>A first message of about a length in bytes; tasks on a text bring one that fills it.</summary>
    public string Task(int length)
    {
        int kind = random.Weighted([22, 10, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 3]);
        IsOpenEnded = kind is not (5 or 8 or 10);
        string task = kind switch
        {
            0 => Question(),
            1 => Work(length),
            2 => Letter(),
            3 => Code(length),
            4 => Story(),
            5 => Sum(),
            6 => Plan(),
            7 => Rewrite(length),
            8 => Classify(length),
            9 => List(),
            10 => Talk(),
            11 => Compare(),
            _ => OtherLanguage(),
        };
        while (random.Percent(22) && Encoding.UTF8.GetByteCount(task) < length)
        {
            task += " " + random.Pick(Wishes);
        }

        return Spell(task);
    }

    /// <summary>The beginning of a text for a completion.</summary>
    public string Beginning(int length) => random.Next(5) switch
    {
        0 => $"{random.Pick(Names)} was {random.Pick(Adjectives)} about the {random.Pick(Things)}. One day",
        1 => $"Q: {Question()}\nA:",
        2 => $"# {Capital(random.Pick(Topics))}\n\n{Passage(length / 2)}\n\n##",
        3 => $"def {random.Pick(Verbs)}_{random.Pick(Things)}(",
        _ => Passage(length),
    };

    /// <summary>A later message.</summary>
    public string FollowUp() => Spell(random.Next(10) switch
    {
        0 => $"Can you make it {random.Pick(Manners)}?",
        1 => $"Why {random.Pick(["is that", "do you think so", "not the other way round", "does it matter"])}?",
        2 => $"Now the same for {random.Pick(Topics)}.",
        3 => $"And {random.Pick(["how long does that take", "what does it cost", "who should do it", "what if it fails", "where do I start"])}?",
        4 => $"Shorten that to {random.Between(1, 5)} {random.Pick(["sentences", "lines", "points", "words"])}.",
        5 => $"I meant {random.Pick(Topics)}, not {random.Pick(Topics)}.",
        6 => random.Pick(["ok thanks", "Thanks!", "go on", "continue", "I don't understand", "wrong, try again", "Are you sure?", "perfect, one more please"]),
        7 => $"Give me an example with {random.Pick(Things)}.",
        8 => $"Translate it to {random.Pick(Languages)}.",
        _ => $"What about {random.Pick(Topics)} {random.Pick(Places)}?",
    });

    /// <summary>A system message.</summary>
    public string System() => random.Next(6) switch
    {
        0 => "You are a helpful assistant.",
        1 => $"You are {random.Pick(Roles)}. Answer {random.Pick(Manners)}.",
        2 => $"You help customers of a company that sells {random.Pick(Things)}s. {random.Pick(Wishes)}",
        3 => $"Reply only in {random.Pick(Languages)}.",
        4 => $"You are an expert in {random.Pick(Topics)}. {random.Pick(Wishes)} {random.Pick(Wishes)}",
        _ => $"Today is {random.Pick(Days)}. The user's name is {random.Pick(Names)}.",
    };

    private string Question() => random.Next(12) switch
    {
        0 => $"What is {random.Pick(Topics)}?",
        1 => $"How does {random.Pick(Topics)} work?",
        2 => $"Why is {random.Pick(Topics)} {random.Pick(Adjectives)}?",
        3 => $"Who invented the {random.Pick(Things)}, and when?",
        4 => $"Is it {random.Pick(Adjectives)} to {random.Pick(Verbs)} a {random.Pick(Things)} {random.Pick(Places)}?",
        5 => $"What's the difference between {random.Pick(Topics)} and {random.Pick(Topics)}?",
        6 => $"Explain {random.Pick(Topics)} to {random.Pick(Roles)}.",
        7 => $"how do i {random.Pick(Verbs)} my {random.Pick(Things)}",
        8 => $"What should I know about {random.Pick(Topics)} before {random.Pick(Days)}?",
        9 => $"Give me {random.Between(2, 12)} facts about {random.Pick(Topics)}.",
        10 => $"Can a {random.Pick(Things)} be {random.Pick(Adjectives)}?",
        _ => $"{random.Pick(Topics)}?",
    };

    private string Work(int length) => random.Next(5) switch
    {
        0 => $"Summarise this:\n\n{Passage(length)}",
        1 => $"{Passage(length)}\n\nWhat are the main points?",
        2 => $"Summarize the following text in {random.Between(1, 4)} sentences.\n---\n{Passage(length)}\n---",
        3 => $"Find all names in the text: {Passage(length)}",
        _ => $"Read this and answer: {Question()}\n\nText: {Passage(length)}",
    };

    private string Letter() =>
        $"{random.Pick(["Write", "Draft", "Please write", "help me write", "I need"])} {random.Pick(["an email", "a letter", "a short note", "a message", "a reply"])} to {random.Pick(["my boss", "a customer", "the landlord", "my teacher", "a friend", random.Pick(Names)])} about {random.Pick(["a late delivery", "a broken " + random.Pick(Things), "a day off on " + random.Pick(Days), random.Pick(Topics), "an invoice of " + random.Between(20, 9000).ToString(CultureInfo.InvariantCulture) + " euros"])}.";

    private string Code(int length) => random.Next(5) switch
    {
        0 => $"Write a {random.Pick(CodeLanguages)} function that {random.Pick(CodeTasks)}.",
        1 => $"What does this do?\n```\n{Snippet(length)}```",
        2 => $"Fix the bug:\n\n{Snippet(length)}\nError: {random.Pick(Errors)}",
        3 => $"How do I {random.Pick(["sort", "parse", "test", "deploy", "profile"])} {random.Pick(["a list of dicts", "JSON", "a date", "a CSV file", "a web service"])} in {random.Pick(CodeLanguages)}?",
        _ => $"{random.Pick(Errors)} in {random.Pick(CodeLanguages)}, what now",
    };

    private string Story() =>
        $"{random.Pick(["Tell me a story", "Write a poem", "Write a short story", "write a song", "Tell me a joke", "Write a dialogue"])} about {random.Pick(["a " + random.Pick(Adjectives) + " " + random.Pick(Things), random.Pick(Names) + " and " + random.Pick(Names), random.Pick(Topics), random.Pick(Roles)])}{random.Pick(["", "", " " + random.Pick(Places), " that ends well", " for children", " in " + random.Between(40, 400).ToString(CultureInfo.InvariantCulture) + " words"])}.";

    private string Sum()
    {
        (int a, int b) = (random.Between(1, 400), random.Between(2, 90));
        return random.Next(5) switch
        {
            0 => FormattableString.Invariant($"What is {a} {random.Pick(["plus", "times", "minus"])} {b}?"),
            1 => FormattableString.Invariant($"{a}*{b}="),
            2 => FormattableString.Invariant($"A {random.Pick(Things)} costs {a} euros. How much are {b} of them?"),
            3 => FormattableString.Invariant($"{random.Pick(Names)} has {a} {random.Pick(Things)}s and gives away {b} percent. How many are left? Think step by step."),
            _ => FormattableString.Invariant($"convert {a} {random.Pick(["miles", "pounds", "inches", "fahrenheit", "cups"])} please"),
        };
    }

    private string Plan() =>
        $"{random.Pick(["Plan", "Make a plan for", "Suggest", "Help me organise"])} {random.Pick(["a trip of " + random.Between(2, 14).ToString(CultureInfo.InvariantCulture) + " days " + random.Pick(Places), "a birthday party for " + random.Pick(Names), "my week; " + random.Pick(Days) + " is taken", "a course on " + random.Pick(Topics), "dinner for " + random.Between(2, 9).ToString(CultureInfo.InvariantCulture) + " without meat"])}.";

    private string Rewrite(int length) =>
        $"{random.Pick(["Rewrite", "Rephrase", "Correct the grammar of", "Proofread", "Make this sound " + random.Pick(Manners)])}: {random.Pick(["", "\n\n"])}\"{Passage(length)}\"";

    private string Classify(int length) =>
        $"{random.Pick(["Is this positive or negative?", "Classify as spam or not spam.", "Which language is this?", "Label the topic of the text.", "Answer yes or no: is the writer happy?"])}\n{Passage(length)}";

    private string List() =>
        $"{random.Pick(["List", "Give me", "Name", "i need"])} {random.Between(3, 20).ToString(CultureInfo.InvariantCulture)} {random.Pick(["names for a " + random.Pick(Things), "ideas about " + random.Pick(Topics), "words that rhyme with " + random.Pick(Things), "reasons to " + random.Pick(Verbs) + " " + random.Pick(Places), "titles for a talk on " + random.Pick(Topics)])}";

    private string Talk() => random.Pick(SmallTalk) + random.Pick(["", "", "!", " :)", " I'm " + random.Pick(Names) + "."]);

    private string Compare() =>
        $"{random.Pick(["Compare", "Pros and cons of", "Which is better,"])} {random.Pick(Topics)} {random.Pick(["and", "or", "vs"])} {random.Pick(Topics)} for {random.Pick(Roles)}?";

    private string OtherLanguage() => random.Pick(Foreign) + random.Pick(["", "?", " (" + random.Pick(Languages) + ")"]);

    private string Passage(int length)
    {
        StringBuilder text = new();
        do
        {
            text.Append(Sentence()).Append(random.Percent(12) ? "\n" : " ");
        }
        while (text.Length < length - 60);

        return text.ToString().TrimEnd();
    }

    private string Sentence() => random.Next(8) switch
    {
        0 => $"{random.Pick(Names)} {random.Pick(["said", "wrote", "thinks", "heard"])} that {random.Pick(Topics)} is {random.Pick(Adjectives)}.",
        1 => $"On {random.Pick(Days)} we {random.Pick(Pasts)} the {random.Pick(Adjectives)} {random.Pick(Things)} {random.Pick(Places)}.",
        2 => $"The {random.Pick(Things)} was {random.Pick(Adjectives)}, but nobody {random.Pick(Pasts)} it.",
        3 => string.Create(CultureInfo.InvariantCulture, $"In {random.Between(1890, 2025)} about {random.Between(2, 98)} percent of {random.Pick(Topics)} changed."),
        4 => $"I have {random.Pick(Pasts)} this {random.Pick(Things)} for {random.Between(2, 30).ToString(CultureInfo.InvariantCulture)} days and it is {random.Pick(Adjectives)}.",
        5 => $"Please note that {random.Pick(Topics)} {random.Pick(["needs", "causes", "replaces", "follows from"])} {random.Pick(Topics)}.",
        6 => $"{Capital(random.Pick(Topics))} is taught {random.Pick(Places)} by {random.Pick(Roles)}.",
        _ => $"However, {random.Pick(Names)} and {random.Pick(Names)} {random.Pick(Pasts)} another {random.Pick(Things)}.",
    };

    private string Snippet(int length)
    {
        StringBuilder text = new();
        do
        {
            string name = random.Pick(Things);
            text.Append(random.Next(5) switch
            {
                0 => $"for {name[0]} in {name}s:\n    print({name[0]})\n",
                1 => string.Create(CultureInfo.InvariantCulture, $"int {name} = {random.Next(500)};\n"),
                2 => $"if ({name} == null) return;\n",
                3 => $"const {name} = await {random.Pick(Verbs)}({random.Pick(Things)});\n",
                _ => string.Create(CultureInfo.InvariantCulture, $"{name}[{random.Next(9)}] += {random.Pick(Things)}.{random.Pick(Verbs)}()\n"),
            });
        }
        while (text.Length < length - 60);

        return text.ToString();
    }

    // How people type: no capitals, a greeting, a slip, no full stop.
    private string Spell(string text)
    {
        if (random.Percent(9))
        {
            text = random.Pick(Greetings) + text;
        }

        if (random.Percent(16))
        {
            text = text.ToLowerInvariant();
        }

        if (random.Percent(10) && text.Length > 12)
        {
            int at = random.Between(1, text.Length - 3);
            if (char.IsAsciiLetter(text[at]) && char.IsAsciiLetter(text[at + 1]))
            {
                text = random.Next(3) switch
                {
                    0 => text.Remove(at, 1),
                    1 => string.Concat(text.AsSpan(0, at), text.AsSpan(at + 1, 1), text.AsSpan(at, 1), text.AsSpan(at + 2)),
                    _ => text.Insert(at, text[at].ToString()),
                };
            }
        }

        return random.Percent(14) ? text.TrimEnd('.', '?') : text;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
