namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>Makes statements of a template's tokens. Every filter, test, method and function is looked up here, so that an unknown one fails before any rendering.</summary>
internal sealed partial class JinjaParser
{
    private const int Deepest = 100;
    private const int LongestChain = 500;
    private readonly List<JinjaToken> _tokens;
    private int _at;
    private int _depth;
    private int _loops;
    private int _chain;

    private JinjaParser(List<JinjaToken> tokens) => _tokens = tokens;

    private JinjaToken Current => _tokens[_at];

    /// <summary>Parses a template.</summary>
    /// <exception cref="JinjaSyntaxException">It is damaged, or uses what is not supported.</exception>
    public static IReadOnlyList<JinjaNode> Parse(string template)
    {
        JinjaParser parser = new(JinjaLexer.Tokenize(template));
        List<JinjaNode> body = parser.Body();
        return parser.Current.Kind == JinjaTokenKind.End ? body : throw parser.Unexpected();
    }

    // Until a block whose name the caller takes, which stays unread.
    private List<JinjaNode> Body(params ReadOnlySpan<string> ends)
    {
        Enter();
        List<JinjaNode> nodes = [];
        while (true)
        {
            JinjaToken token = Current;
            _chain = 0;
            if (token.Kind == JinjaTokenKind.Data)
            {
                _at++;
                nodes.Add(new TextNode(JinjaText.Own(token.Value), token.Line));
            }
            else if (token.Kind == JinjaTokenKind.OutputStart)
            {
                _at++;
                nodes.Add(new OutputNode(Tuple(), token.Line));
                Take(JinjaTokenKind.OutputEnd, "}}");
            }
            else if (token.Kind == JinjaTokenKind.BlockStart && !ends.Contains(_tokens[_at + 1].Value))
            {
                _at++;
                Statement(nodes);
            }
            else
            {
                _depth--;
                return nodes;
            }
        }
    }

    private void Statement(List<JinjaNode> nodes)
    {
        JinjaToken name = Take(JinjaTokenKind.Name, "a statement");
        switch (name.Value)
        {
            case "if":
                nodes.Add(If(name.Line));
                break;
            case "for":
                nodes.Add(For(name.Line));
                break;
            case "set":
                nodes.Add(Set(name.Line));
                break;
            case "break" or "continue" when _loops > 0:
                nodes.Add(new LoopControlNode(name.Value == "break", name.Line));
                break;
            case "generation":
                // Marks what the model wrote, for training; it renders as its body.
                EndBlock();
                nodes.AddRange(Body("endgeneration"));
                Close("endgeneration");
                return;
            default:
                throw new JinjaSyntaxException($"the statement {name.Value} is not supported here", name.Line);
        }

        EndBlock();
    }

    private IfNode If(int line)
    {
        Enter();
        JinjaNode test = Expression();
        EndBlock();
        List<JinjaNode> then = Body("elif", "else", "endif");
        List<JinjaNode> otherwise = [];
        Take(JinjaTokenKind.BlockStart, "{%");
        string next = Take(JinjaTokenKind.Name, "endif").Value;
        if (next == "elif")
        {
            otherwise.Add(If(line));
        }
        else if (next == "else")
        {
            EndBlock();
            otherwise = Body("endif");
            Take(JinjaTokenKind.BlockStart, "{%");
            TakeName("endif");
        }

        _depth--;
        return new IfNode(test, then, otherwise, line);
    }

    private ForNode For(int line)
    {
        List<string> names = [Take(JinjaTokenKind.Name, "a name").Value];
        while (TryTake(","))
        {
            names.Add(Take(JinjaTokenKind.Name, "a name").Value);
        }

        TakeName("in");
        JinjaNode items = Or();
        JinjaNode? filter = IsName("if") ? Next(Expression) : null;
        EndBlock();
        _loops++;
        List<JinjaNode> body = Body("else", "endfor");
        _loops--;
        List<JinjaNode> otherwise = [];
        Take(JinjaTokenKind.BlockStart, "{%");
        if (Take(JinjaTokenKind.Name, "endfor").Value == "else")
        {
            EndBlock();
            otherwise = Body("endfor");
            Take(JinjaTokenKind.BlockStart, "{%");
            TakeName("endfor");
        }

        return new ForNode(names, items, filter, body, otherwise, line);
    }

    private SetNode Set(int line)
    {
        string name = Take(JinjaTokenKind.Name, "a name").Value;
        string? attribute = TryTake(".") ? Take(JinjaTokenKind.Name, "a name").Value : null;
        if (TryTake("="))
        {
            return new SetNode(name, attribute, Tuple(), [], line);
        }

        EndBlock();
        List<JinjaNode> body = Body("endset");
        Take(JinjaTokenKind.BlockStart, "{%");
        TakeName("endset");
        return new SetNode(name, attribute, null, body, line);
    }

    private T Next<T>(Func<T> parse)
    {
        _at++;
        return parse();
    }

    private void Enter()
    {
        if (++_depth > Deepest)
        {
            throw new JinjaSyntaxException("it is nested too deeply", Current.Line);
        }
    }

    // What follows one operand in a row is nested as deeply as it is long.
    private void Chain()
    {
        if (++_chain > LongestChain)
        {
            throw new JinjaSyntaxException("an expression is too long", Current.Line);
        }
    }

    private void Close(string name)
    {
        Take(JinjaTokenKind.BlockStart, "{%");
        TakeName(name);
        EndBlock();
    }

    private void EndBlock() => Take(JinjaTokenKind.BlockEnd, "%}");

    private bool IsName(string name) => Current.Kind == JinjaTokenKind.Name && Current.Value == name;

    private bool IsOperator(string value) => Current.Kind == JinjaTokenKind.Operator && Current.Value == value;

    private bool TryTake(string value)
    {
        bool found = IsOperator(value);
        _at += found ? 1 : 0;
        return found;
    }

    private void TakeName(string name)
    {
        if (!IsName(name))
        {
            throw new JinjaSyntaxException($"{Current.Value} stands where {name} must be", Current.Line);
        }

        _at++;
    }

    private JinjaToken Take(JinjaTokenKind kind, string wanted)
    {
        JinjaToken token = Current;
        if (token.Kind != kind || (kind == JinjaTokenKind.Operator && token.Value != wanted))
        {
            throw new JinjaSyntaxException($"{token.Value} stands where {wanted} must be", token.Line);
        }

        _at++;
        return token;
    }

    private JinjaSyntaxException Unexpected() => new($"{Current.Value} stands where it has no meaning", Current.Line);
}
