namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>Renders a parsed template, as Jinja2 does (https://jinja.palletsprojects.com/en/stable/templates/).</summary>
internal sealed class JinjaInterpreter
{
    private readonly List<JinjaText> _output = [];
    private readonly int _budget;
    private int _steps;

    private JinjaInterpreter(int budget) => _budget = budget;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Renders.</summary>
    /// <param name="body">The template.</param>
    /// <param name="globals">Names that it may use.</param>
    /// <param name="budget">Evaluated expressions and statements after which it is given up.</param>
    /// <exception cref="ChatFormatException">The template refuses, fails, or takes too long.</exception>
    public static JinjaText Render(IReadOnlyList<JinjaNode> body, JinjaScope globals, int budget)
    {
        JinjaInterpreter interpreter = new(budget);
        interpreter.Run(body, globals, interpreter._output);
        return JinjaText.Concat(interpreter._output);
    }

    private Flow Run(IReadOnlyList<JinjaNode> body, JinjaScope scope, List<JinjaText> output)
    {
        foreach (JinjaNode node in body)
        {
            Step();
            Flow flow = Run(node, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Run(JinjaNode node, JinjaScope scope, List<JinjaText> output)
    {
        switch (node)
        {
            case TextNode text:
                output.Add(text.Text);
                return Flow.Next;
            case OutputNode print:
                output.Add(JinjaValues.Print(Evaluate(print.Value, scope)));
                return Flow.Next;
            case IfNode choice:
                return Run(JinjaValues.IsTrue(Evaluate(choice.Test, scope)) ? choice.Then : choice.Else, scope, output);
            case ForNode loop:
                Loop(loop, scope, output);
                return Flow.Next;
            case LoopControlNode control:
                return control.Breaks ? Flow.Break : Flow.Continue;
            case SetNode set:
                Set(set, scope);
                return Flow.Next;
            default:
                throw new InvalidOperationException($"a {node.GetType().Name} is no statement");
        }
    }

    private void Loop(ForNode loop, JinjaScope scope, List<JinjaText> output)
    {
        List<object?> items = Items(Evaluate(loop.Items, scope));
        if (loop.Filter is not null)
        {
            items = [.. items.Where(item => JinjaValues.IsTrue(Evaluate(loop.Filter, Bind(loop, item, scope))))];
        }

        for (int i = 0; i < items.Count; i++)
        {
            Step();
            JinjaScope turn = Bind(loop, items[i], scope);
            turn.Set("loop", new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["index"] = i + 1L,
                ["index0"] = (long)i,
                ["revindex"] = (long)(items.Count - i),
                ["revindex0"] = items.Count - i - 1L,
                ["first"] = i == 0,
                ["last"] = i == items.Count - 1,
                ["length"] = (long)items.Count,
                ["previtem"] = i > 0 ? items[i - 1] : JinjaValues.Undefined,
                ["nextitem"] = i + 1 < items.Count ? items[i + 1] : JinjaValues.Undefined,
            });
            if (Run(loop.Body, turn, output) == Flow.Break)
            {
                break;
            }
        }

        if (items.Count == 0)
        {
            Run(loop.Else, scope, output);
        }
    }

    private static List<object?> Items(object? value) => value switch
    {
        List<object?> list => list,
        Dictionary<string, object?> map => [.. map.Keys.Select(JinjaText.Foreign)],
        _ => throw new ChatFormatException($"the template loops over {JinjaValues.Kind(value)}"),
    };

    private static JinjaScope Bind(ForNode loop, object? item, JinjaScope scope)
    {
        JinjaScope turn = new(scope);
        if (loop.Names.Count == 1)
        {
            turn.Set(loop.Names[0], item);
            return turn;
        }

        if (item is not List<object?> parts || parts.Count != loop.Names.Count)
        {
            throw new ChatFormatException($"the template takes {JinjaValues.Kind(item)} apart into {loop.Names.Count}");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            turn.Set(loop.Names[i], parts[i]);
        }

        return turn;
    }

    private void Set(SetNode set, JinjaScope scope)
    {
        object? value;
        if (set.Value is null)
        {
            List<JinjaText> body = [];
            Run(set.Body, scope, body);
            value = JinjaText.Concat(body);
        }
        else
        {
            value = Evaluate(set.Value, scope);
        }

        if (set.Attribute is null)
        {
            scope.Set(set.Name, value);
        }
        else if (scope.Get(set.Name) is JinjaNamespace space)
        {
            space.Members[set.Attribute] = value;
        }
        else
        {
            throw new ChatFormatException($"the template sets a member of {set.Name}, which is no namespace");
        }
    }

    private object? Evaluate(JinjaNode node, JinjaScope scope)
    {
        Step();
        switch (node)
        {
            case LiteralNode literal:
                return literal.Value;
            case NameNode name:
                return scope.Get(name.Name);
            case ListNode list:
                return list.Items.Select(item => Evaluate(item, scope)).ToList();
            case MapNode map:
                return map.Items.ToDictionary(item => JinjaMethods.Text(Evaluate(item.Key, scope)).ToString(), item => Evaluate(item.Value, scope), StringComparer.Ordinal);
            case MemberNode member:
                return JinjaMembers.Get(Evaluate(member.Of, scope), Evaluate(member.Member, scope));
            case SliceNode slice:
                return JinjaMembers.Slice(Evaluate(slice.Of, scope), Part(slice.Start), Part(slice.End), Part(slice.Step));
            case MethodNode method:
                return JinjaMethods.Apply(Evaluate(method.Of, scope), method.Method, All(method.Arguments));
            case FunctionNode function:
                return JinjaFunctions.Apply(function.Function, All(function.Arguments), Named(function.Named));
            case FilterNode filter:
                return JinjaFilters.Apply(Evaluate(filter.Of, scope), filter.Filter, All(filter.Arguments), Named(filter.Named));
            case TestNode test:
                return JinjaTests.Apply(test.Test, Evaluate(test.Of, scope)) != test.Negated;
            case UnaryNode unary:
                object? of = Evaluate(unary.Of, scope);
                return unary.Operator == "not" ? !JinjaValues.IsTrue(of) : -JinjaValues.Number(of);
            case BinaryNode { Operator: "and" or "or" } logical:
                object? left = Evaluate(logical.Left, scope);
                return JinjaValues.IsTrue(left) == (logical.Operator == "and") ? Evaluate(logical.Right, scope) : left;
            case BinaryNode binary:
                return JinjaOperators.Apply(binary.Operator, Evaluate(binary.Left, scope), Evaluate(binary.Right, scope));
            case ChoiceNode choice:
                return JinjaValues.IsTrue(Evaluate(choice.Test, scope)) ? Evaluate(choice.Then, scope)
                    : choice.Else is null ? JinjaValues.Undefined
                    : Evaluate(choice.Else, scope);
            default:
                throw new InvalidOperationException($"a {node.GetType().Name} is no expression");
        }

        long? Part(JinjaNode? part) => part is null ? null : Evaluate(part, scope) is { } value ? JinjaValues.Number(value) : null;

        object?[] All(IReadOnlyList<JinjaNode> nodes) => [.. nodes.Select(n => Evaluate(n, scope))];

        Dictionary<string, object?> Named(IReadOnlyList<(string Name, JinjaNode Value)> nodes) => nodes.ToDictionary(static n => n.Name, n => Evaluate(n.Value, scope), StringComparer.Ordinal);
    }

    private void Step()
    {
        if (++_steps > _budget)
        {
            throw new ChatFormatException("the model's chat template takes too long for this conversation");
        }
    }
}
