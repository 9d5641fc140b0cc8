namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>Names and their values; a loop's body has names of its own in each turn.</summary>
internal sealed class JinjaScope(JinjaScope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>Sets a name here, whatever it means outside.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a name here or outside; undefined where it has none.</summary>
    public object? Get(string name)
    {
        for (JinjaScope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out object? value))
            {
                return value;
            }
        }

        return JinjaValues.Undefined;
    }

    private JinjaScope? Outer { get; } = outer;
}
