using Verathos.GpuRuntime.Compute;

namespace Verathos.Host.Configuration;

/// <summary>One member of an entry of <c>models</c>.</summary>
internal sealed record ModelField(
    string Path,
    FieldKind Kind,
    string Description,
    Func<ModelConfiguration, object?> Get,
    Func<ModelConfiguration, object, ModelConfiguration> Set) : ConfigurationMember(Path, Kind, Description)
{
    /// <summary>Every member of an entry.</summary>
    public static IReadOnlyList<ModelField> All { get; } =
    [
        new("path", FieldKind.Text, "A Hugging Face folder or a .gguf file.", m => m.Path, (m, v) => m with { Path = (string)v }),
        new("name", FieldKind.Text, "The name that requests ask for. The file's or folder's, with the adapters', when absent.",
            m => m.Name, (m, v) => m with { Name = (string)v }),
        new("adapters", FieldKind.TextList, "Folders of LoRA adapters that are added to the weights, in this order.",
            m => m.Adapters, (m, v) => m with { Adapters = (IReadOnlyList<string>)v }),
        new("profile", FieldKind.Text, "The numeric profile. The node's when absent.", m => m.Profile, (m, v) => m with { Profile = (string)v })
        { Choices = [.. NumericProfile.All.Select(profile => profile.Name)] },
        new("maxContext", FieldKind.Whole, "The longest prompt plus answer in tokens. engine.maxContext when absent.",
            m => (long?)m.MaxContext, (m, v) => m with { MaxContext = (int)(long)v })
        { Minimum = 16, Maximum = 1 << 20 },
        new("kvMebibytes", FieldKind.Whole, "The most memory for keys and values that this model's requests may take of all models', in MiB. All of it when absent.",
            m => (long?)m.KvMebibytes, (m, v) => m with { KvMebibytes = (int)(long)v })
        { Minimum = 1, Maximum = 1 << 24 },
    ];
}
