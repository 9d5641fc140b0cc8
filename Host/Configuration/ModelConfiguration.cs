namespace Verathos.Host.Configuration;

/// <summary>One of the models that a node serves.</summary>
public sealed record ModelConfiguration
{
    /// <summary>A Hugging Face folder or a .gguf file; the demonstration model when absent.</summary>
    public string? Path { get; init; }

    /// <summary>The name that requests ask for; the file's or folder's, with the adapters', when absent.</summary>
    public string? Name { get; init; }

    /// <summary>Folders of LoRA adapters that are added to the weights, in this order.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>The numeric profile; the node's when absent.</summary>
    public string? Profile { get; init; }

    /// <summary>The longest prompt plus answer in tokens; <see cref="EngineConfiguration.MaxContext"/> when absent.</summary>
    public int? MaxContext { get; init; }

    /// <summary>The most memory for keys and values of this model's requests, of all models' together, in MiB; all of it when absent.</summary>
    public int? KvMebibytes { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name is null ? Path ?? "(the demonstration model)" : $"{Name}={Path}";
}
