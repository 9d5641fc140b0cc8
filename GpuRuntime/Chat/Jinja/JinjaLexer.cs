using System.Globalization;
using System.Text;

namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with trim_blocks and lstrip_blocks as chat templates are rendered
/// (https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control).
/// </summary>
internal sealed class JinjaLexer
{
    private const int LongestTemplate = 1 << 18;

    private static readonly string[] s_operators =
        ["==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", "<", ">", "+", "-", "~", "*", "/", "%", "="];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _at;
    private int _line = 1;

    private JinjaLexer(string source) => _source = source;

    /// <summary>The tokens of a template, the last of them the end.</summary>
    /// <exception cref="JinjaSyntaxException">A tag or text is not closed, or has a character that no tag has.</exception>
    public static List<JinjaToken> Tokenize(string template)
    {
        if (template.Length > LongestTemplate)
        {
            throw new JinjaSyntaxException($"it has {template.Length} characters; {LongestTemplate} are supported", 1);
        }

        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        JinjaLexer lexer = new(source.EndsWith('\n') ? source[..^1] : source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        // What the tag before does to the text after it: nothing, takes one line feed off, or all white space.
        bool afterBlock = false;
        bool strips = false;
        while (_at < _source.Length)
        {
            int open = NextTag();
            string data = _source[_at..open];
            int dataLine = _line;
            Advance(open);
            if (strips)
            {
                data = data.TrimStart();
            }
            else if (afterBlock && data.StartsWith('\n'))
            {
                data = data[1..];
            }

            if (open == _source.Length)
            {
                Add(JinjaTokenKind.Data, data, dataLine);
                break;
            }

            char kind = _source[open + 1];
            char control = open + 2 < _source.Length ? _source[open + 2] : ' ';
            if (control == '-')
            {
                data = data.TrimEnd();
            }
            else if (kind != '{' && control != '+')
            {
                int lineStart = data.LastIndexOf('\n') + 1;
                bool ownLine = data[lineStart..].All(static c => c is ' ' or '\t') && (lineStart > 0 || StartsLine(open - (data.Length - lineStart)));
                data = ownLine ? data[..lineStart] : data;
            }

            Add(JinjaTokenKind.Data, data, dataLine);
            Advance(_at + (control is '-' or '+' ? 3 : 2));
            strips = kind == '#' ? Comment() : Tag(kind == '%');
            afterBlock = kind != '{' && _source[_at - 3] != '+';
        }

        _tokens.Add(new JinjaToken(JinjaTokenKind.End, "the end", _line));
    }

    private bool StartsLine(int at) => at == 0 || _source[at - 1] == '\n';

    private int NextTag()
    {
        for (int at = _source.IndexOf('{', _at); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '%' or '{' or '#')
            {
                return at;
            }
        }

        return _source.Length;
    }

    private bool Comment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new JinjaSyntaxException("a comment is not closed", _line);
        }

        bool strips = end > _at && _source[end - 1] == '-';
        Advance(end + 2);
        return strips;
    }

    private bool Tag(bool block)
    {
        Add(block ? JinjaTokenKind.BlockStart : JinjaTokenKind.OutputStart, block ? "{%" : "{{", _line);
        string close = block ? "%}" : "}}";
        int braces = 0;
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
            {
                Advance(_at + 1);
            }

            if (_at >= _source.Length)
            {
                throw new JinjaSyntaxException($"a tag is not closed by {close}", _line);
            }

            bool control = _source[_at] is '-' or '+' && string.CompareOrdinal(_source, _at + 1, close, 0, 2) == 0;
            if (control || (braces == 0 && string.CompareOrdinal(_source, _at, close, 0, 2) == 0))
            {
                bool strips = control && _source[_at] == '-';
                Add(block ? JinjaTokenKind.BlockEnd : JinjaTokenKind.OutputEnd, close, _line);
                Advance(_at + (control ? 3 : 2));
                return strips;
            }

            char first = _source[_at];
            if (first is '\'' or '"')
            {
                Text(first);
            }
            else if (char.IsAsciiDigit(first))
            {
                Number();
            }
            else if (char.IsAsciiLetter(first) || first == '_')
            {
                int end = _at;
                while (end < _source.Length && (char.IsAsciiLetterOrDigit(_source[end]) || _source[end] == '_'))
                {
                    end++;
                }

                Add(JinjaTokenKind.Name, _source[_at..end], _line);
                Advance(end);
            }
            else
            {
                string found = s_operators.FirstOrDefault(o => string.CompareOrdinal(_source, _at, o, 0, o.Length) == 0)
                    ?? throw new JinjaSyntaxException($"the character {first} has no meaning in a tag", _line);
                braces += found == "{" ? 1 : found == "}" ? -1 : 0;
                Add(JinjaTokenKind.Operator, found, _line);
                Advance(_at + found.Length);
            }
        }
    }

    private void Number()
    {
        int end = _at;
        while (end < _source.Length && char.IsAsciiDigit(_source[end]))
        {
            end++;
        }

        if (end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            throw new JinjaSyntaxException("numbers with a fraction are not supported", _line);
        }

        Add(JinjaTokenKind.Number, _source[_at..end], _line);
        Advance(end);
    }

    private void Text(char quote)
    {
        int line = _line;
        StringBuilder text = new();
        int at = _at + 1;
        for (; at < _source.Length && _source[at] != quote; at++)
        {
            text.Append(_source[at] == '\\' ? Escape(ref at) : _source[at]);
        }

        if (at >= _source.Length)
        {
            throw new JinjaSyntaxException("a text is not closed", line);
        }

        Add(JinjaTokenKind.Text, text.ToString(), line);
        Advance(at + 1);
    }

    private char Escape(ref int at)
    {
        at++;
        char escaped = at < _source.Length ? _source[at] : ' ';
        int digits = escaped == 'x' ? 2 : escaped == 'u' ? 4 : 0;
        if (digits > 0)
        {
            if (at + digits < _source.Length && ushort.TryParse(_source.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
            {
                at += digits;
                return (char)unit;
            }

            throw new JinjaSyntaxException($"the escape \\{escaped} lacks its digits", _line);
        }

        return escaped switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\b',
            'f' => '\f',
            'v' => '\v',
            '\\' or '\'' or '"' => escaped,
            _ => throw new JinjaSyntaxException($"the escape \\{escaped} is not supported", _line),
        };
    }

    private void Add(JinjaTokenKind kind, string value, int line)
    {
        if (kind != JinjaTokenKind.Data || value.Length > 0)
        {
            _tokens.Add(new JinjaToken(kind, value, line));
        }
    }

    private void Advance(int to)
    {
        _line += _source.AsSpan(_at, to - _at).Count('\n');
        _at = to;
    }
}
