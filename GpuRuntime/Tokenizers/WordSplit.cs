namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>
/// The patterns of GPT-2's, Llama 3's, Qwen's and Tekken's vocabularies, written out: every character belongs to a piece, and a
/// piece is found in one pass, so that no text takes more than linear time.
/// </summary>
internal sealed class WordSplit : SplitStage
{
    private readonly WordRules _rules;

    private WordSplit(WordRules rules) => _rules = rules;

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
    public static WordSplit Gpt2 { get; } = new(new WordRules { Contractions = Contractions.LowerCase, SpaceBeforeLetters = true, Digits = int.MaxValue, SpaceBeforeDigits = true });

    /// <summary>
    /// The same where \s is what JavaScript takes for a space (U+FEFF is one, U+0085 is none): ByteLevel's own pattern as npm
    /// <c>@huggingface/tokenizers</c> applies it.
    /// </summary>
    public static WordSplit Gpt2Script { get; } = new(Gpt2._rules with { ScriptSpaces = true });

    /// <summary><c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.</summary>
    public static WordSplit Llama3 { get; } = new(new WordRules { Contractions = Contractions.AnyCase, Digits = 3, BreaksAfterSymbols = true, BreaksAfterSpaces = true });

    /// <summary>The same with each number alone.</summary>
    public static WordSplit Qwen2 { get; } = new(Llama3._rules with { Digits = 1 });

    /// <summary>
    /// Mistral's: <c>[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
    /// </summary>
    public static WordSplit Tekken { get; } = new(new WordRules { Contractions = Contractions.None, CaseWords = true, Digits = 1, BreaksAfterSymbols = true, SlashesAfterSymbols = true, BreaksAfterSpaces = true });

    /// <summary>Tekken's as llama.cpp approximates it: only a to z and A to Z have a case, and marks are no part of words.</summary>
    public static WordSplit TekkenGguf { get; } = new(Tekken._rules with { AsciiCase = true });

    /// <inheritdoc/>
    public override void Split(ReadOnlySpan<char> text, int offset, WipedList<Piece> pieces)
    {
        for (int at = 0; at < text.Length;)
        {
            int end = End(text, at);
            pieces.Add(new Piece(offset + at, end - at));
            at = end;
        }
    }

    private int End(ReadOnlySpan<char> text, int at)
    {
        if (_rules.Contractions != Contractions.None && text[at] == '\'' && Contraction(text[(at + 1)..]) is int letters and > 0)
        {
            return at + 1 + letters;
        }

        CharacterClass first = Class(text, at, out int width);
        int word = Word(text, at, first, width);
        if (word > at)
        {
            return word;
        }

        if ((first & CharacterClass.Number) != 0)
        {
            return Numbers(text, at, _rules.Digits);
        }

        // A space belongs to the numbers or symbols that follow it.
        int next = at + width;
        CharacterClass second = text[at] == ' ' && next < text.Length ? Class(text, next, out _) : CharacterClass.Space;
        if (_rules.SpaceBeforeDigits && (second & CharacterClass.Number) != 0)
        {
            return Numbers(text, next, _rules.Digits);
        }

        const CharacterClass NoSymbol = CharacterClass.Space | CharacterClass.Letter | CharacterClass.Number;
        return (first & NoSymbol) == 0 ? Symbols(text, at) : (second & NoSymbol) == 0 ? Symbols(text, next) : Spaces(text, at);
    }

    private int Word(ReadOnlySpan<char> text, int at, CharacterClass first, int width)
    {
        if (_rules.CaseWords)
        {
            bool leads = (first & (CharacterClass.Letter | CharacterClass.Number | CharacterClass.LineBreak)) == 0;
            int end = leads ? CaseWord(text, at + width, needsRest: true) : -1;
            end = end < 0 ? CaseWord(text, at, needsRest: true) : end;
            end = end < 0 && leads ? CaseWord(text, at + width, needsRest: false) : end;
            return end < 0 ? CaseWord(text, at, needsRest: false) : end;
        }

        if ((first & CharacterClass.Letter) != 0)
        {
            return Run(text, at, CharacterClass.Letter);
        }

        bool prefix = _rules.SpaceBeforeLetters ? text[at] == ' ' : (first & (CharacterClass.Number | CharacterClass.LineBreak)) == 0;
        int next = at + width;
        return prefix && next < text.Length && (Class(text, next, out _) & CharacterClass.Letter) != 0 ? Run(text, next, CharacterClass.Letter) : -1;
    }

    // [start]*[rest]+ or, without needing a rest, [start]+[rest]*; -1 where it does not match. Both sets share some letters, so
    // that the first gives characters back until the second can begin.
    private int CaseWord(ReadOnlySpan<char> text, int at, bool needsRest)
    {
        int starts = at;
        int lastRest = -1;
        while (starts < text.Length && Class(text, starts, out int width) is var found && (found & CharacterClass.WordStart) != 0)
        {
            starts += width;
            lastRest = (found & CharacterClass.WordRest) != 0 ? starts : lastRest;
        }

        int end = Run(text, starts, CharacterClass.WordRest);
        return !needsRest ? (starts > at ? end : -1)
            : end > starts ? end
            : lastRest;
    }

    private int Numbers(ReadOnlySpan<char> text, int at, int most)
    {
        for (int count = 0; count < most && at < text.Length && (Class(text, at, out int width) & CharacterClass.Number) != 0; count++)
        {
            at += width;
        }

        return at;
    }

    private int Symbols(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && (Class(text, at, out int width) & (CharacterClass.Space | CharacterClass.Letter | CharacterClass.Number)) == 0)
        {
            at += width;
        }

        while (_rules.BreaksAfterSymbols && at < text.Length && (text[at] is '\r' or '\n' || (_rules.SlashesAfterSymbols && text[at] == '/')))
        {
            at++;
        }

        return at;
    }

    private int Spaces(ReadOnlySpan<char> text, int at)
    {
        int end = Run(text, at, CharacterClass.Space);
        if (_rules.BreaksAfterSpaces && text[at..end].LastIndexOfAny('\r', '\n') is int last and >= 0)
        {
            return at + last + 1;
        }

        // The last space before a word is left to the word.
        return end == text.Length || end == at + 1 ? end : end - 1;
    }

    private int Run(ReadOnlySpan<char> text, int at, CharacterClass wanted)
    {
        while (at < text.Length && (Class(text, at, out int width) & wanted) != 0)
        {
            at += width;
        }

        return at;
    }

    private CharacterClass Class(ReadOnlySpan<char> text, int at, out int width)
    {
        CharacterClass found = CharacterClasses.At(text, at, out width);
        if (_rules.AsciiCase)
        {
            const CharacterClass Cases = CharacterClass.WordStart | CharacterClass.WordRest;
            CharacterClass cases = (found & CharacterClass.Letter) == 0 ? CharacterClass.None
                : char.IsAsciiLetterLower(text[at]) ? CharacterClass.WordRest
                : char.IsAsciiLetterUpper(text[at]) ? CharacterClass.WordStart
                : Cases;
            return (found & ~Cases) | cases;
        }

        return !_rules.ScriptSpaces ? found
            : text[at] == '\u0085' ? CharacterClass.None
            : text[at] == '\ufeff' ? CharacterClass.Space
            : found;
    }

    // The letters of 's, 't, 'm, 'd, 're, 've or 'll; 0 where there are none.
    private int Contraction(ReadOnlySpan<char> rest)
    {
        char first = Letter(rest, 0);
        char second = Letter(rest, 1);
        return first is 's' or 't' or 'm' or 'd' ? 1
            : (first is 'r' or 'v' && second == 'e') || (first == 'l' && second == 'l') ? 2
            : 0;
    }

    private char Letter(ReadOnlySpan<char> rest, int at)
    {
        char unit = at < rest.Length ? rest[at] : '\0';
        return _rules.Contractions == Contractions.AnyCase && char.IsAsciiLetterUpper(unit) ? (char)(unit | 0x20) : unit;
    }

    private enum Contractions
    {
        None,
        LowerCase,
        AnyCase,
    }

    private sealed record WordRules
    {
        public required Contractions Contractions { get; init; }

        public bool SpaceBeforeLetters { get; init; }

        public bool CaseWords { get; init; }

        public required int Digits { get; init; }

        public bool SpaceBeforeDigits { get; init; }

        public bool BreaksAfterSymbols { get; init; }

        public bool SlashesAfterSymbols { get; init; }

        public bool BreaksAfterSpaces { get; init; }

        public bool ScriptSpaces { get; init; }

        public bool AsciiCase { get; init; }
    }
}
