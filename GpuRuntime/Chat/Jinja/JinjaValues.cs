namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>
/// What an expression may be: <see langword="null"/> (none), <see cref="Undefined"/>, bool, long, <see cref="JinjaText"/>, a list,
/// a map by names, or a <see cref="JinjaNamespace"/>.
/// </summary>
internal static class JinjaValues
{
    /// <summary>The value of a name or member that is not there.</summary>
    public static object Undefined { get; } = new UndefinedValue();

    /// <summary>Whether a condition with this value holds.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or UndefinedValue => false,
        bool b => b,
        long n => n != 0,
        JinjaText text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>Whether two values are equal; true and false equal 1 and 0.</summary>
    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (null, null) or (UndefinedValue, UndefinedValue) => true,
        (JinjaText a, JinjaText b) => a.Is(b),
        (bool or long, bool or long) => Number(left) == Number(right),
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(static p => AreEqual(p.First, p.Second)),
        (Dictionary<string, object?> a, Dictionary<string, object?> b) => a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out object? other) && AreEqual(entry.Value, other)),
        _ => left is not null && ReferenceEquals(left, right),
    };

    /// <summary>The number of a whole number or truth value.</summary>
    public static long Number(object? value) => value is bool b ? (b ? 1 : 0) : value is long n ? n : throw new ChatFormatException($"the template needs a number where it has {Kind(value)}");

    /// <summary>The text that a value is printed as. An undefined value prints as nothing.</summary>
    public static JinjaText Print(object? value) => value switch
    {
        JinjaText text => text,
        UndefinedValue => JinjaText.Empty,
        long n => JinjaText.Own(n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        bool b => JinjaText.Own(b ? "True" : "False"),
        _ => throw new ChatFormatException($"the template prints {Kind(value)}"),
    };

    /// <summary>What a value is, for an error.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "none",
        UndefinedValue => "an undefined value",
        bool => "a truth value",
        long => "a number",
        JinjaText => "a text",
        List<object?> => "a list",
        Dictionary<string, object?> => "a map",
        _ => "a namespace",
    };

    private sealed class UndefinedValue;
}
