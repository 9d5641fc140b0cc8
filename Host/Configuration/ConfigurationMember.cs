namespace Verathos.Host.Configuration;

/// <summary>How a member of the configuration file is checked and described.</summary>
/// <param name="Path">Its place, such as <c>engine.queue</c>.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Description">What it means.</param>
internal abstract record ConfigurationMember(string Path, FieldKind Kind, string Description)
{
    /// <summary>The smallest whole number allowed.</summary>
    public long Minimum { get; init; }

    /// <summary>The largest whole number allowed.</summary>
    public long Maximum { get; init; } = int.MaxValue;

    /// <summary>The only texts allowed, or null when any is.</summary>
    public IReadOnlyList<string>? Choices { get; init; }
}
