namespace Verathos.Fingerprint.Constraints;

/// <summary>
/// Collects the rules of a grammar over bytes. A rule has alternatives, an alternative is a row of symbols: a range of bytes
/// (low &lt;&lt; 8 | high) or a rule (<see cref="RuleFlag"/> | its number).
/// </summary>
internal sealed class GrammarBuilder
{
    /// <summary>Set in a symbol that names a rule.</summary>
    public const int RuleFlag = 1 << 30;

    /// <summary>Ends an alternative.</summary>
    public const int End = -1;

    /// <summary>The most symbols, so that compiling is bounded.</summary>
    public const int MaximumSymbols = 1 << 18;

    private readonly List<List<int[]>> _rules = [];
    private int _symbols;

    /// <summary>A rule without alternatives.</summary>
    public int NewRule()
    {
        Count(1);
        _rules.Add([]);
        return RuleFlag | (_rules.Count - 1);
    }

    /// <summary>A rule with these alternatives.</summary>
    public int NewRule(params ReadOnlySpan<int[]> alternatives)
    {
        int rule = NewRule();
        foreach (int[] alternative in alternatives)
        {
            Add(rule, alternative);
        }

        return rule;
    }

    /// <summary>Gives a rule one more alternative.</summary>
    public void Add(int rule, params int[] symbols)
    {
        Count(symbols.Length + 1);
        _rules[rule & ~RuleFlag].Add(symbols);
    }

    /// <summary>A byte as a symbol.</summary>
    public static int Byte(int value) => (value << 8) | value;

    /// <summary>A range of bytes as a symbol, both ends included.</summary>
    public static int Range(int low, int high) => (low << 8) | high;

    /// <summary>Bytes as symbols.</summary>
    public static int[] Literal(ReadOnlySpan<byte> bytes)
    {
        int[] symbols = new int[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            symbols[i] = Byte(bytes[i]);
        }

        return symbols;
    }

    /// <summary>The rules without what can never end: every alternative that is left can be completed.</summary>
    /// <param name="root">Where a text begins.</param>
    /// <returns>The symbols of all alternatives, each followed by <see cref="End"/>, and where each rule's begin; null where the root can never end.</returns>
    public (int[] Symbols, int[][] Starts)? Build(int root)
    {
        bool[] ends = FindEnding();
        if (!ends[root & ~RuleFlag])
        {
            return null;
        }

        int[] symbols = new int[_symbols];
        int[][] starts = new int[_rules.Count][];
        int at = 0;
        for (int rule = 0; rule < starts.Length; rule++)
        {
            List<int> begins = [];
            foreach (int[] alternative in _rules[rule].Where(alternative => Ends(alternative, ends)))
            {
                begins.Add(at);
                alternative.CopyTo(symbols, at);
                at += alternative.Length;
                symbols[at++] = End;
            }

            starts[rule] = [.. begins];
        }

        return (symbols, starts);
    }

    /// <summary>Overwrites every symbol: they spell what a schema says.</summary>
    public void Wipe()
    {
        foreach (int[] alternative in _rules.SelectMany(static rule => rule))
        {
            Array.Clear(alternative);
        }
    }

    private bool[] FindEnding()
    {
        // Each rule is looked at again only when something that it waits for has changed.
        bool[] ends = new bool[_rules.Count];
        List<int>[] waiting = new List<int>[_rules.Count];
        Queue<int> pending = new(Enumerable.Range(0, _rules.Count));
        for (int rule = 0; rule < _rules.Count; rule++)
        {
            foreach (int symbol in _rules[rule].SelectMany(static alternative => alternative).Where(static symbol => (symbol & RuleFlag) != 0))
            {
                (waiting[symbol & ~RuleFlag] ??= []).Add(rule);
            }
        }

        while (pending.TryDequeue(out int rule))
        {
            if (!ends[rule] && _rules[rule].Exists(alternative => Ends(alternative, ends)))
            {
                ends[rule] = true;
                (waiting[rule] ?? []).ForEach(pending.Enqueue);
            }
        }

        return ends;
    }

    private static bool Ends(int[] alternative, bool[] ends) => Array.TrueForAll(alternative, symbol => (symbol & RuleFlag) == 0 || ends[symbol & ~RuleFlag]);

    private void Count(int symbols)
    {
        _symbols += symbols;
        if (_symbols > MaximumSymbols)
        {
            throw new GrammarException("schema", "it describes more than this build compiles");
        }
    }
}
