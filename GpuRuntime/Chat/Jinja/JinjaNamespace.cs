namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>A namespace object: members that a loop's body may set for what follows the loop.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The members.</summary>
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}
