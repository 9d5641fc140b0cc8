namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>A statement or expression of a template.</summary>
/// <param name="Line">Where it stands.</param>
internal abstract record JinjaNode(int Line);

internal sealed record TextNode(JinjaText Text, int Line) : JinjaNode(Line);

internal sealed record OutputNode(JinjaNode Value, int Line) : JinjaNode(Line);

internal sealed record IfNode(JinjaNode Test, IReadOnlyList<JinjaNode> Then, IReadOnlyList<JinjaNode> Else, int Line) : JinjaNode(Line);

internal sealed record ForNode(IReadOnlyList<string> Names, JinjaNode Items, JinjaNode? Filter, IReadOnlyList<JinjaNode> Body, IReadOnlyList<JinjaNode> Else, int Line) : JinjaNode(Line);

internal sealed record LoopControlNode(bool Breaks, int Line) : JinjaNode(Line);

internal sealed record SetNode(string Name, string? Attribute, JinjaNode? Value, IReadOnlyList<JinjaNode> Body, int Line) : JinjaNode(Line);

internal sealed record LiteralNode(object? Value, int Line) : JinjaNode(Line);

internal sealed record NameNode(string Name, int Line) : JinjaNode(Line);

internal sealed record ListNode(IReadOnlyList<JinjaNode> Items, int Line) : JinjaNode(Line);

internal sealed record MapNode(IReadOnlyList<(JinjaNode Key, JinjaNode Value)> Items, int Line) : JinjaNode(Line);

internal sealed record MemberNode(JinjaNode Of, JinjaNode Member, int Line) : JinjaNode(Line);

internal sealed record SliceNode(JinjaNode Of, JinjaNode? Start, JinjaNode? End, JinjaNode? Step, int Line) : JinjaNode(Line);

internal sealed record MethodNode(JinjaNode Of, string Method, IReadOnlyList<JinjaNode> Arguments, int Line) : JinjaNode(Line);

internal sealed record FunctionNode(string Function, IReadOnlyList<JinjaNode> Arguments, IReadOnlyList<(string Name, JinjaNode Value)> Named, int Line) : JinjaNode(Line);

internal sealed record FilterNode(JinjaNode Of, string Filter, IReadOnlyList<JinjaNode> Arguments, IReadOnlyList<(string Name, JinjaNode Value)> Named, int Line) : JinjaNode(Line);

internal sealed record TestNode(JinjaNode Of, string Test, bool Negated, int Line) : JinjaNode(Line);

internal sealed record UnaryNode(string Operator, JinjaNode Of, int Line) : JinjaNode(Line);

internal sealed record BinaryNode(string Operator, JinjaNode Left, JinjaNode Right, int Line) : JinjaNode(Line);

internal sealed record ChoiceNode(JinjaNode Test, JinjaNode Then, JinjaNode? Else, int Line) : JinjaNode(Line);
