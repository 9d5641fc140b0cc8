using System.Globalization;

namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>Expressions, the weakest binding first.</summary>
internal sealed partial class JinjaParser
{
    private static readonly string[] s_literals = ["true", "True", "false", "False", "none", "None"];

    private JinjaNode Tuple()
    {
        JinjaNode first = Expression();
        return IsOperator(",") ? throw new JinjaSyntaxException("tuples are not supported here", Current.Line) : first;
    }

    private JinjaNode Expression()
    {
        Enter();
        JinjaNode value = Or();
        while (IsName("if"))
        {
            Chain();
            int line = Current.Line;
            JinjaNode test = Next(Or);
            value = new ChoiceNode(test, value, IsName("else") ? Next(Expression) : null, line);
        }

        _depth--;
        return value;
    }

    private JinjaNode Or() => Binary(And, static t => t.Kind == JinjaTokenKind.Name && t.Value == "or");

    private JinjaNode And() => Binary(Not, static t => t.Kind == JinjaTokenKind.Name && t.Value == "and");

    private JinjaNode Not()
    {
        if (!IsName("not"))
        {
            return Compare();
        }

        Enter();
        int line = Current.Line;
        JinjaNode of = Next(Not);
        _depth--;
        return new UnaryNode("not", of, line);
    }

    private JinjaNode Compare()
    {
        JinjaNode left = Sum();
        if (!TryComparison(out string comparison))
        {
            return left;
        }

        BinaryNode node = new(comparison, left, Sum(), Current.Line);
        return TryComparison(out _) ? throw new JinjaSyntaxException("chained comparisons are not supported", Current.Line) : node;
    }

    private bool TryComparison(out string comparison)
    {
        JinjaToken token = Current;
        comparison = token.Value;
        if (token.Kind == JinjaTokenKind.Operator && comparison is "==" or "!=" or "<" or ">" or "<=" or ">=")
        {
            _at++;
            return true;
        }

        if (IsName("not") && _tokens[_at + 1] is { Kind: JinjaTokenKind.Name, Value: "in" })
        {
            (_at, comparison) = (_at + 2, "not in");
            return true;
        }

        bool contains = IsName("in");
        _at += contains ? 1 : 0;
        return contains;
    }

    private JinjaNode Sum() => Binary(Join, static t => t.Kind == JinjaTokenKind.Operator && t.Value is "+" or "-");

    private JinjaNode Join() => Binary(Product, static t => t.Kind == JinjaTokenKind.Operator && t.Value is "~");

    private JinjaNode Product() => Binary(Signed, static t => t.Kind == JinjaTokenKind.Operator && t.Value is "*" or "/" or "//" or "%" or "**");

    private JinjaNode Binary(Func<JinjaNode> operand, Func<JinjaToken, bool> isOperator)
    {
        JinjaNode left = operand();
        while (isOperator(Current))
        {
            Chain();
            JinjaToken token = Current;
            if (token.Value is "*" or "/" or "**")
            {
                throw new JinjaSyntaxException($"the operator {token.Value} is not supported", token.Line);
            }

            left = new BinaryNode(token.Value, left, Next(operand), token.Line);
        }

        return left;
    }

    private JinjaNode Signed() => Filters(Sign());

    private JinjaNode Sign()
    {
        if (!IsOperator("-"))
        {
            return Postfix(Primary());
        }

        Enter();
        int line = Current.Line;
        JinjaNode of = Next(Sign);
        _depth--;
        return new UnaryNode("-", of, line);
    }

    private JinjaNode Primary()
    {
        JinjaToken token = Current;
        _at++;
        switch (token.Kind)
        {
            case JinjaTokenKind.Text:
                string text = token.Value;
                while (Current.Kind == JinjaTokenKind.Text)
                {
                    text += Current.Value;
                    _at++;
                }

                return new LiteralNode(JinjaText.Own(text), token.Line);
            case JinjaTokenKind.Number:
                return new LiteralNode(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? (long)number : throw new JinjaSyntaxException($"the number {token.Value} is out of range", token.Line), token.Line);
            case JinjaTokenKind.Name when s_literals.Contains(token.Value):
                return new LiteralNode(token.Value[0] is 'n' or 'N' ? null : token.Value[0] is 't' or 'T', token.Line);
            case JinjaTokenKind.Name when IsOperator("("):
                (List<JinjaNode> arguments, List<(string Name, JinjaNode Value)> named) = Arguments();
                return JinjaFunctions.IsKnown(token.Value) ? new FunctionNode(token.Value, arguments, named, token.Line) : throw new JinjaSyntaxException($"the function {token.Value} is not supported", token.Line);
            case JinjaTokenKind.Name:
                return new NameNode(token.Value, token.Line);
            case JinjaTokenKind.Operator when token.Value == "(":
                JinjaNode inner = Tuple();
                Take(JinjaTokenKind.Operator, ")");
                return inner;
            case JinjaTokenKind.Operator when token.Value == "[":
                return new ListNode(List("]", Expression), token.Line);
            case JinjaTokenKind.Operator when token.Value == "{":
                return new MapNode(List("}", Entry), token.Line);
            default:
                _at--;
                throw Unexpected();
        }

        (JinjaNode Key, JinjaNode Value) Entry()
        {
            JinjaNode key = Expression();
            Take(JinjaTokenKind.Operator, ":");
            return (key, Expression());
        }
    }

    private List<T> List<T>(string end, Func<T> item)
    {
        List<T> items = [];
        while (!TryTake(end))
        {
            items.Add(item());
            if (!TryTake(",") && !IsOperator(end))
            {
                throw Unexpected();
            }
        }

        return items;
    }

    private JinjaNode Postfix(JinjaNode of)
    {
        while (true)
        {
            Chain();
            int line = Current.Line;
            if (TryTake("."))
            {
                JinjaToken name = Take(JinjaTokenKind.Name, "a name");
                if (!IsOperator("("))
                {
                    of = new MemberNode(of, new LiteralNode(JinjaText.Own(name.Value), line), line);
                    continue;
                }

                (List<JinjaNode> arguments, List<(string Name, JinjaNode Value)> named) = Arguments();
                of = named.Count == 0 && JinjaMethods.IsKnown(name.Value, arguments.Count)
                    ? new MethodNode(of, name.Value, arguments, line)
                    : throw new JinjaSyntaxException($"the method {name.Value} with these arguments is not supported", line);
            }
            else if (TryTake("["))
            {
                of = Subscript(of, line);
            }
            else
            {
                return IsOperator("(") ? throw new JinjaSyntaxException("a call of what is no name is not supported", line) : of;
            }
        }
    }

    private JinjaNode Subscript(JinjaNode of, int line)
    {
        JinjaNode?[] parts = new JinjaNode?[3];
        int colons = 0;
        while (!TryTake("]"))
        {
            if (TryTake(":"))
            {
                if (++colons > 2)
                {
                    throw new JinjaSyntaxException("a slice has three parts at most", line);
                }
            }
            else
            {
                parts[colons] = parts[colons] is null ? Expression() : throw Unexpected();
            }
        }

        return colons > 0 ? new SliceNode(of, parts[0], parts[1], parts[2], line)
            : parts[0] is { } member ? new MemberNode(of, member, line)
            : throw Unexpected();
    }

    private JinjaNode Filters(JinjaNode of)
    {
        while (true)
        {
            Chain();
            int line = Current.Line;
            if (TryTake("|"))
            {
                string name = Take(JinjaTokenKind.Name, "a filter").Value;
                (List<JinjaNode> arguments, List<(string Name, JinjaNode Value)> named) = IsOperator("(") ? Arguments() : ([], []);
                of = JinjaFilters.IsKnown(name) ? new FilterNode(of, name, arguments, named, line) : throw new JinjaSyntaxException($"the filter {name} is not supported", line);
            }
            else if (IsName("is"))
            {
                _at++;
                bool negated = IsName("not");
                _at += negated ? 1 : 0;
                string name = Take(JinjaTokenKind.Name, "a test").Value;
                of = JinjaTests.IsKnown(name) ? new TestNode(of, name, negated, line) : throw new JinjaSyntaxException($"the test {name} is not supported", line);
            }
            else
            {
                return of;
            }
        }
    }

    private (List<JinjaNode> Positional, List<(string Name, JinjaNode Value)> Named) Arguments()
    {
        Take(JinjaTokenKind.Operator, "(");
        List<JinjaNode> positional = [];
        List<(string Name, JinjaNode Value)> named = [];
        List(")", () =>
        {
            if (Current.Kind == JinjaTokenKind.Name && _tokens[_at + 1] is { Kind: JinjaTokenKind.Operator, Value: "=" })
            {
                string name = Current.Value;
                _at += 2;
                named.Add((name, Expression()));
            }
            else
            {
                positional.Add(named.Count == 0 ? Expression() : throw Unexpected());
            }

            return 0;
        });
        return (positional, named);
    }
}
