using System.CommandLine;
using Verathos.GpuRuntime.Compute;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;

namespace Verathos.Host.Node;

/// <summary>The options that node and enclave share; each overrides the configuration file's member of the same name.</summary>
internal sealed class NodeArguments
{
    public Option<string?> Config { get; } = new("--config") { Description = "Configuration file (JSON; see: verathos config schema)" };

    public Option<string[]> Models { get; } = new("--model")
    {
        Description = "A Hugging Face folder or a .gguf file, or NAME=PATH (default: the demonstration model); may be given several times, the default first",
        DefaultValueFactory = static _ => [],
    };

    public Option<string[]> Adapters { get; } = new("--adapter")
    {
        Description = "A folder with a LoRA adapter to add to the weights; may be given several times",
        DefaultValueFactory = static _ => [],
    };

    public Option<string?> Tee { get; } = new("--tee") { Description = "The platform: tdx, or simulated, which protects nothing" };

    public Option<string?> Profile { get; } = new("--profile")
    {
        Description = $"The engine's numeric profile: {string.Join(", ", NumericProfile.All.Select(profile => profile.Name))} (default {NumericProfile.Served.Name})",
    };

    public Option<int?> Gpus { get; } = new("--gpus") { Description = "GPUs whose evidence is presented (default: 1 simulated, 0 on hardware)" };

    public Option<string?> Authorities { get; } = new("--simulated-authorities")
    {
        Description = "Folder of the simulated authorities (default: the user's data folder)",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Config, Models, Adapters, Tee, Profile, Gpus, Authorities])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The file's configuration, if there is one, with what the command line says laid over it.</summary>
    /// <param name="context">The command line.</param>
    /// <param name="errors">The mistakes of the file's form.</param>
    public NodeConfiguration Read(VerbContext context, out IReadOnlyList<string> errors)
    {
        errors = [];
        NodeConfiguration file = context.Value(Config) is { } path ? ConfigurationFile.Read(path, out errors) : new NodeConfiguration();
        ModelConfiguration[] models = [.. context.Value(Models)!.Select(Parse)];
        string[] adapters = context.Value(Adapters)!;
        if (adapters.Length > 0 && (models.Length > 1 || (models.Length == 0 && file.Models.Count > 0)))
        {
            errors = [.. errors, "--adapter: with several models, give each its adapters in the configuration file's models"];
        }

        // What the command line names takes the place of whatever the file names.
        NodeConfiguration chosen = models switch
        {
            [] => file with { Adapters = adapters.Length > 0 ? adapters : file.Adapters },
            [{ Name: null } only] => file with { Model = only.Path, Models = [], Adapters = adapters.Length > 0 ? adapters : file.Adapters },
            [{ } only] => file with { Model = null, Adapters = [], Models = [only with { Adapters = adapters.Length > 0 ? adapters : file.Adapters }] },
            _ => file with { Model = null, Adapters = [], Models = models },
        };
        return chosen with
        {
            Tee = context.Value(Tee) ?? file.Tee,
            Profile = context.Value(Profile) ?? file.Profile,
            Gpus = context.Value(Gpus) ?? file.Gpus,
            SimulatedAuthorities = context.Value(Authorities) ?? file.SimulatedAuthorities,
        };
    }

    /// <summary>PATH, or NAME=PATH where no file is called so.</summary>
    private static ModelConfiguration Parse(string given)
    {
        int at = given.IndexOf('=', StringComparison.Ordinal);
        return at <= 0 || Path.Exists(given)
            ? new ModelConfiguration { Path = given }
            : new ModelConfiguration { Name = given[..at], Path = given[(at + 1)..] };
    }
}
