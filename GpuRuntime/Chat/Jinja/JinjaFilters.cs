namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>The filters (https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters).</summary>
internal static class JinjaFilters
{
    private static readonly string[] s_known = ["trim", "length", "count", "tojson", "default", "d", "first", "last", "list", "join", "string", "items", "select", "reject", "selectattr", "rejectattr", "map", "reverse"];

    public static bool IsKnown(string name) => s_known.Contains(name);

    public static object? Apply(object? of, string name, object?[] arguments, IReadOnlyDictionary<string, object?> named)
    {
        int most = name switch { "selectattr" or "rejectattr" => 3, "default" or "d" or "select" or "reject" => 2, "join" or "tojson" or "trim" => 1, _ => 0 };
        string? misplaced = named.Keys.FirstOrDefault(k => !((name is "default" or "d" && k is "boolean" or "default_value") || (name == "tojson" && k is "indent" or "ensure_ascii") || (name == "map" && k == "attribute")));
        if (arguments.Length > most || misplaced is not null)
        {
            throw new ChatFormatException($"the template gives the filter {name} arguments that are not supported");
        }

        return (name, of) switch
        {
            ("trim", JinjaText text) => text.Strip(arguments.Length > 0 ? JinjaMethods.Text(arguments[0]) : null, left: true, right: true),
            ("length" or "count", JinjaText text) => Runes(text),
            ("length" or "count", List<object?> list) => (long)list.Count,
            ("length" or "count", Dictionary<string, object?> map) => (long)map.Count,
            ("tojson", _) => JinjaJson.Write(of, named.TryGetValue("indent", out object? indent) ? (int?)JinjaValues.Number(indent) : arguments.Length > 0 ? (int)JinjaValues.Number(arguments[0]) : null, named.TryGetValue("ensure_ascii", out object? ascii) && JinjaValues.IsTrue(ascii)),
            ("default" or "d", _) => Default(of, arguments, named),
            ("first", List<object?> list) => list.Count > 0 ? list[0] : JinjaValues.Undefined,
            ("last", List<object?> list) => list.Count > 0 ? list[^1] : JinjaValues.Undefined,
            ("list", List<object?> list) => new List<object?>(list),
            ("reverse", List<object?> list) => Enumerable.Reverse(list).ToList(),
            ("join", List<object?> list) => JinjaMethods.Join([.. list.Select(JinjaValues.Print)], arguments.Length > 0 ? JinjaMethods.Text(arguments[0]) : JinjaText.Empty),
            ("string", JinjaText or long or bool) => JinjaValues.Print(of),
            ("items", Dictionary<string, object?>) => JinjaMethods.Apply(of, "items", []),
            ("select" or "reject", List<object?> list) => Select(list, static item => item, arguments, name == "select"),
            ("selectattr" or "rejectattr", List<object?> list) when arguments.Length > 0 => Select(list, item => Attribute(item, JinjaMethods.Text(arguments[0])), arguments[1..], name == "selectattr"),
            ("map", List<object?> list) when named.TryGetValue("attribute", out object? attribute) => list.ConvertAll(item => Attribute(item, JinjaMethods.Text(attribute))),
            _ => throw new ChatFormatException($"the template applies the filter {name} to {JinjaValues.Kind(of)}"),
        };
    }

    private static long Runes(JinjaText text)
    {
        long count = 0;
        foreach (ChatSegment piece in text.Pieces)
        {
            foreach (System.Text.Rune _ in piece.Text.Span.EnumerateRunes())
            {
                count++;
            }
        }

        return count;
    }

    private static object? Default(object? of, object?[] arguments, IReadOnlyDictionary<string, object?> named)
    {
        bool anyFalse = JinjaValues.IsTrue(arguments.Length > 1 ? arguments[1] : named.GetValueOrDefault("boolean", false));
        bool missing = ReferenceEquals(of, JinjaValues.Undefined) || (anyFalse && !JinjaValues.IsTrue(of));
        return !missing ? of : arguments.Length > 0 ? arguments[0] : named.GetValueOrDefault("default_value", JinjaText.Empty);
    }

    // The arguments are a test's name and what it compares with; without them the value itself is judged.
    private static List<object?> Select(List<object?> list, Func<object?, object?> value, object?[] arguments, bool wanted)
    {
        string? test = arguments.Length > 0 ? JinjaMethods.Text(arguments[0]).ToString() : null;
        bool compares = test is "equalto" or "eq" or "==" && arguments.Length == 2;
        if (test is not null && !compares && (arguments.Length > 1 || !JinjaTests.IsKnown(test)))
        {
            throw new ChatFormatException($"the template selects by the test {test}, which is not supported");
        }

        return [.. list.Where(item => (compares ? JinjaValues.AreEqual(value(item), arguments[1]) : test is null ? JinjaValues.IsTrue(value(item)) : JinjaTests.Apply(test, value(item))) == wanted)];
    }

    private static object? Attribute(object? item, JinjaText name) =>
        item is Dictionary<string, object?> map && map.TryGetValue(name.ToString(), out object? value) ? value : JinjaValues.Undefined;
}
