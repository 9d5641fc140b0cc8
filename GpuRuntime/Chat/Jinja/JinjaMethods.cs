namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>The methods of texts and maps, as Python has them (https://docs.python.org/3/library/stdtypes.html).</summary>
internal static class JinjaMethods
{
    private static readonly Dictionary<string, (int Least, int Most)> s_arguments = new(StringComparer.Ordinal)
    {
        ["strip"] = (0, 1),
        ["lstrip"] = (0, 1),
        ["rstrip"] = (0, 1),
        ["startswith"] = (1, 1),
        ["endswith"] = (1, 1),
        ["split"] = (1, 2),
        ["replace"] = (2, 2),
        ["items"] = (0, 0),
        ["keys"] = (0, 0),
        ["values"] = (0, 0),
        ["get"] = (1, 2),
    };

    public static bool IsKnown(string name, int arguments) =>
        s_arguments.TryGetValue(name, out (int Least, int Most) allowed) && arguments >= allowed.Least && arguments <= allowed.Most;

    public static object? Apply(object? of, string name, object?[] arguments) => (of, name) switch
    {
        (JinjaText text, "strip") => text.Strip(Optional(arguments), left: true, right: true),
        (JinjaText text, "lstrip") => text.Strip(Optional(arguments), left: true, right: false),
        (JinjaText text, "rstrip") => text.Strip(Optional(arguments), left: false, right: true),
        (JinjaText text, "startswith") => Text(arguments[0]) is { } start && text.Length >= start.Length && text.Slice(0, start.Length).Is(start),
        (JinjaText text, "endswith") => Text(arguments[0]) is { } end && text.Length >= end.Length && text.Slice(text.Length - end.Length, end.Length).Is(end),
        (JinjaText text, "split") => new List<object?>(text.Split(Separator(arguments[0]), arguments.Length > 1 ? (int)Math.Clamp(JinjaValues.Number(arguments[1]), -1, int.MaxValue) : -1)),
        (JinjaText text, "replace") => Join(text.Split(Separator(arguments[0]), -1), Text(arguments[1])),
        (Dictionary<string, object?> map, "items") => map.Select(static e => (object?)new List<object?> { JinjaText.Foreign(e.Key), e.Value }).ToList(),
        (Dictionary<string, object?> map, "keys") => map.Keys.Select(static k => (object?)JinjaText.Foreign(k)).ToList(),
        (Dictionary<string, object?> map, "values") => map.Values.ToList(),
        (Dictionary<string, object?> map, "get") => map.TryGetValue(Text(arguments[0]).ToString(), out object? value) ? value : arguments.Length > 1 ? arguments[1] : null,
        _ => throw new ChatFormatException($"the template calls {name} of {JinjaValues.Kind(of)}"),
    };

    /// <summary>Texts with another between them.</summary>
    public static JinjaText Join(IReadOnlyList<JinjaText> parts, JinjaText between) =>
        JinjaText.Concat(parts.SelectMany((part, i) => i == 0 ? (JinjaText[])[part] : [between, part]));

    /// <summary>A value that must be a text.</summary>
    public static JinjaText Text(object? value) => value as JinjaText ?? throw new ChatFormatException($"the template needs a text where it has {JinjaValues.Kind(value)}");

    private static JinjaText? Optional(object?[] arguments) => arguments.Length == 0 ? null : Text(arguments[0]);

    private static JinjaText Separator(object? value) => Text(value) is { Length: > 0 } text ? text : throw new ChatFormatException("the template splits or replaces by an empty text");
}
