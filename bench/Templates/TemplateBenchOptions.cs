namespace Verathos.Bench.Templates;

/// <summary>What the templates' bench compares.</summary>
public sealed record TemplateBenchOptions
{
    /// <summary>bench/reference with its packages.</summary>
    public required string Reference { get; init; }

    /// <summary>Further templates: files of Jinja text, or tokenizer_config.json.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Chooses the conversations.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Conversations for each template.</summary>
    public int Count { get; init; } = 500;

    /// <summary>Told what is being done.</summary>
    public Action<string>? Progress { get; init; }
}
