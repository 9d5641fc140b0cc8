namespace Verathos.Host.Cli;

/// <summary>Where models are: what <c>--model</c> names, or the demonstration model that ships with the program.</summary>
public static class ModelPath
{
    /// <summary>The demonstration model's folder below the program or the repository.</summary>
    public const string Embedded = "models/verathos-tiny";

    /// <summary>
    /// The full path of a model: a folder or .gguf file that the person named, or the demonstration model when nothing is named.
    /// </summary>
    /// <exception cref="CommandException">Nothing is there; the message says what a model looks like.</exception>
    public static string Resolve(string? given)
    {
        string path = given is null ? FindEmbedded() : Path.GetFullPath(given);
        if (File.Exists(path) || Directory.Exists(path))
        {
            return path;
        }

        throw new CommandException(given is null
            ? $"the demonstration model ({Embedded}) is not beside the program; name a model with --model"
            : $"no model at {path}; --model takes a Hugging Face folder (config.json, tokenizer.json, *.safetensors) or a .gguf file");
    }

    /// <summary>The full paths of adapters.</summary>
    /// <exception cref="CommandException">One is not there.</exception>
    public static IReadOnlyList<string> ResolveAdapters(IReadOnlyList<string> given)
    {
        ArgumentNullException.ThrowIfNull(given);
        string? missing = given.FirstOrDefault(static path => !Directory.Exists(path));
        return missing is null
            ? [.. given.Select(Path.GetFullPath)]
            : throw new CommandException($"no adapter at {missing}; an adapter is a folder with adapter_config.json and adapter_model.safetensors");
    }

    private static string FindEmbedded()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, Embedded);
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return Path.Combine(AppContext.BaseDirectory, Embedded);
    }
}
