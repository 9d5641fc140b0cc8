namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>The tests that may follow <c>is</c> (https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-tests).</summary>
internal static class JinjaTests
{
    private static readonly Dictionary<string, Func<object?, bool>> s_tests = new(StringComparer.Ordinal)
    {
        ["defined"] = static v => !ReferenceEquals(v, JinjaValues.Undefined),
        ["undefined"] = static v => ReferenceEquals(v, JinjaValues.Undefined),
        ["none"] = static v => v is null,
        ["string"] = static v => v is JinjaText,
        ["mapping"] = static v => v is Dictionary<string, object?>,
        ["iterable"] = static v => v is JinjaText or List<object?> or Dictionary<string, object?>,
        ["sequence"] = static v => v is JinjaText or List<object?> or Dictionary<string, object?>,
        ["number"] = static v => v is long or bool,
        ["integer"] = static v => v is long,
        ["boolean"] = static v => v is bool,
        ["true"] = static v => v is true,
        ["false"] = static v => v is false,
        ["odd"] = static v => JinjaValues.Number(v) % 2 != 0,
        ["even"] = static v => JinjaValues.Number(v) % 2 == 0,
    };

    public static bool IsKnown(string name) => s_tests.ContainsKey(name);

    public static bool Apply(string name, object? value) => s_tests[name](value);
}
