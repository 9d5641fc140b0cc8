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
    Func<NodeConfiguration, object, NodeConfiguration> Set) : ConfigurationMember(Path, Kind, Description);
