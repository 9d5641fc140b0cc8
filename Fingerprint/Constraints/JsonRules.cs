using static Verathos.Fingerprint.Constraints.GrammarBuilder;

namespace Verathos.Fingerprint.Constraints;

/// <summary>
/// The rules of JSON (RFC 8259) as this build writes it: well-formed UTF-8, no lone surrogates, numbers of bounded length, and
/// between values at most one space, or one line end with an indent of at most 16.
/// </summary>
internal sealed class JsonRules
{
    private const int MaximumIndent = 16;
    private const int MaximumDigits = 15;
    private readonly GrammarBuilder _builder;
    private readonly int _digits;
    private readonly Dictionary<int, int> _digitRuns = [];

    public JsonRules(GrammarBuilder builder)
    {
        _builder = builder;
        int indent = builder.NewRule([[]]);
        for (int i = 0; i < MaximumIndent; i++)
        {
            indent = builder.NewRule([], [Byte(' '), indent], [Byte('\t'), indent]);
        }

        Space = builder.NewRule([], [Byte(' ')], [Byte('\n'), indent]);
        Character = MakeCharacter();
        String = builder.NewRule([Byte('"'), StringTail(0, null)]);
        _digits = Digits(MaximumDigits);
        int whole = builder.NewRule([Byte('0')], [Range('1', '9'), _digits]);
        Integer = builder.NewRule([whole], [Byte('-'), whole]);
        Number = MakeNumber();
        Boolean = builder.NewRule(Literal("true"u8), Literal("false"u8));
        Null = builder.NewRule(Literal("null"u8));
        Value = builder.NewRule();
        Object = builder.NewRule([Byte('{'), Space, Members(Value), Byte('}')]);
        Array = builder.NewRule([Byte('['), Space, Items(Value, 0, null)]);
        foreach (int kind in (int[])[Object, Array, String, Number, Boolean, Null])
        {
            builder.Add(Value, kind);
        }
    }

    public int Space { get; }

    public int Character { get; }

    public int String { get; }

    public int Integer { get; }

    public int Number { get; }

    public int Boolean { get; }

    public int Null { get; }

    /// <summary>Any value.</summary>
    public int Value { get; }

    /// <summary>Any object.</summary>
    public int Object { get; }

    /// <summary>Any array.</summary>
    public int Array { get; }

    /// <summary>The rest of a string whose first quote is written: so many characters, and the last quote.</summary>
    public int StringTail(int least, int? most)
    {
        int tail;
        if (most is { } bound)
        {
            tail = _builder.NewRule([Byte('"')]);
            for (int i = bound - 1; i >= 0; i--)
            {
                tail = i >= least ? _builder.NewRule([Byte('"')], [Character, tail]) : _builder.NewRule([Character, tail]);
            }

            return tail;
        }

        tail = _builder.NewRule([Byte('"')]);
        _builder.Add(tail, Character, tail);
        for (int i = 0; i < least; i++)
        {
            tail = _builder.NewRule([Character, tail]);
        }

        return tail;
    }

    /// <summary>The rest of an array whose bracket is written: so many items, and the last bracket.</summary>
    public int Items(int item, int least, int? most)
    {
        int[] next = [Byte(','), Space, item, Space];
        int tail;
        int from;
        if (most is { } bound)
        {
            tail = _builder.NewRule([Byte(']')]);
            from = bound - 1;
        }
        else
        {
            tail = _builder.NewRule([Byte(']')]);
            _builder.Add(tail, [.. next, tail]);
            from = Math.Max(least, 1) - 1;
        }

        for (int i = from; i >= 0; i--)
        {
            int[] more = i == 0 ? [item, Space, tail] : [.. next, tail];
            tail = i >= least ? _builder.NewRule([Byte(']')], more) : _builder.NewRule(more);
        }

        return tail;
    }

    /// <summary>Any number of members with any names.</summary>
    public int Members(int value)
    {
        int pair = _builder.NewRule([String, Byte(':'), Space, value, Space]);
        int more = _builder.NewRule([[]]);
        _builder.Add(more, Byte(','), Space, pair, more);
        return _builder.NewRule([], [pair, more]);
    }

    private int MakeCharacter()
    {
        int tail = _builder.NewRule([Range(0x80, 0xBF)]);
        int hex = _builder.NewRule([Range('0', '9')], [Range('a', 'f')], [Range('A', 'F')]);
        int escape = _builder.NewRule(
            [Byte('"')],
            [Byte('\\')],
            [Byte('/')],
            [Byte('b')],
            [Byte('f')],
            [Byte('n')],
            [Byte('r')],
            [Byte('t')],
            [Byte('u'), UnicodeFirst(hex), hex, hex]);

        // RFC 3629 section 4, and every ASCII character but control characters, quote and backslash.
        return _builder.NewRule(
            [Range(0x20, 0x21)],
            [Range(0x23, 0x5B)],
            [Range(0x5D, 0x7E)],
            [Byte('\\'), escape],
            [Range(0xC2, 0xDF), tail],
            [Byte(0xE0), Range(0xA0, 0xBF), tail],
            [Range(0xE1, 0xEC), tail, tail],
            [Byte(0xED), Range(0x80, 0x9F), tail],
            [Range(0xEE, 0xEF), tail, tail],
            [Byte(0xF0), Range(0x90, 0xBF), tail, tail],
            [Range(0xF1, 0xF3), tail, tail, tail],
            [Byte(0xF4), Range(0x80, 0x8F), tail, tail]);
    }

    // The first two digits of four: D8 to DF are halves of surrogate pairs.
    private int UnicodeFirst(int hex) => _builder.NewRule(
        [Range('0', '9'), hex],
        [Range('a', 'c'), hex],
        [Range('A', 'C'), hex],
        [Range('e', 'f'), hex],
        [Range('E', 'F'), hex],
        [Byte('d'), Range('0', '7')],
        [Byte('D'), Range('0', '7')]);

    private int MakeNumber()
    {
        int fraction = _builder.NewRule([], [Byte('.'), Range('0', '9'), _digits]);
        int sign = _builder.NewRule([], [Byte('+')], [Byte('-')]);
        int exponent = _builder.NewRule([], [Byte('e'), sign, Range('0', '9'), Digits(1)], [Byte('E'), sign, Range('0', '9'), Digits(1)]);
        return _builder.NewRule([Integer, fraction, exponent]);
    }

    /// <summary>At most so many digits.</summary>
    private int Digits(int most)
    {
        if (!_digitRuns.TryGetValue(most, out int rule))
        {
            rule = most == 0 ? _builder.NewRule([[]]) : _builder.NewRule([], [Range('0', '9'), Digits(most - 1)]);
            _digitRuns[most] = rule;
        }

        return rule;
    }
}
