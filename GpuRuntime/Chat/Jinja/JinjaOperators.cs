namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>The operators with two operands.</summary>
internal static class JinjaOperators
{
    public static object? Apply(string name, object? left, object? right) => (name, left, right) switch
    {
        ("==", _, _) => JinjaValues.AreEqual(left, right),
        ("!=", _, _) => !JinjaValues.AreEqual(left, right),
        ("in", _, _) => Contains(right, left),
        ("not in", _, _) => !Contains(right, left),
        ("~", _, _) => JinjaText.Concat([JinjaValues.Print(left), JinjaValues.Print(right)]),
        ("+", JinjaText a, JinjaText b) => JinjaText.Concat([a, b]),
        ("+", List<object?> a, List<object?> b) => new List<object?>([.. a, .. b]),
        (_, bool or long, bool or long) => Calculate(name, JinjaValues.Number(left), JinjaValues.Number(right)),
        _ => throw new ChatFormatException($"the template applies {name} to {JinjaValues.Kind(left)} and {JinjaValues.Kind(right)}"),
    };

    private static object Calculate(string name, long left, long right)
    {
        if (name is "%" or "//" && right == 0)
        {
            throw new ChatFormatException("the template divides by nothing");
        }

        // Division rounds down, and a remainder has the divisor's sign.
        return name switch
        {
            "+" => unchecked(left + right),
            "-" => unchecked(left - right),
            "%" => ((left % right) + right) % right,
            "//" => (left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0),
            "<" => left < right,
            ">" => left > right,
            "<=" => left <= right,
            ">=" => left >= right,
            _ => throw new ChatFormatException($"the template applies {name} to numbers"),
        };
    }

    private static bool Contains(object? of, object? item) => (of, item) switch
    {
        (JinjaText text, JinjaText part) => text.IndexOf(part) >= 0,
        (List<object?> list, _) => list.Any(i => JinjaValues.AreEqual(i, item)),
        (Dictionary<string, object?> map, JinjaText key) => map.ContainsKey(key.ToString()),
        _ => throw new ChatFormatException($"the template looks for {JinjaValues.Kind(item)} in {JinjaValues.Kind(of)}"),
    };
}
