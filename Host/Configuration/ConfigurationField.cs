namespace Verathos.Host.Configuration;

/// <summary>
/// One member of the configuration file: how it is checked, described and set. The reader and the JSON Schema are both made
/// from the list of these, so that they cannot disagree.
/// </summary>
internal sealed record ConfigurationField(
    string Path,
    FieldKind Kind,
    string Description,
    Func<NodeConfiguration, object?> Get,
    Func<NodeConfiguration, object, NodeConfiguration> Set)
{
    /// <summary>The smallest whole number allowed.</summary>
    public long Minimum { get; init; }

    /// <summary>The largest whole number allowed.</summary>
    public long Maximum { get; init; } = int.MaxValue;

    /// <summary>The only texts allowed, or null when any is.</summary>
    public IReadOnlyList<string>? Choices { get; init; }
}
