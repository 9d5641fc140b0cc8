using Verathos.Host.Cli;

namespace Verathos.Host.Configuration;

/// <summary>Reads a configuration file from disk for a verb.</summary>
internal static class ConfigurationFile
{
    private const long Longest = 1 << 20;

    /// <summary>Reads a file; relative paths in it count from the file's own folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="errors">The mistakes of its form; for <see cref="RequireValid"/>, together with those of its meaning.</param>
    /// <exception cref="CommandException">The file is absent or too long.</exception>
    public static NodeConfiguration Read(string path, out IReadOnlyList<string> errors)
    {
        string full = Path.GetFullPath(path);
        FileInfo file = new(full);
        if (!file.Exists)
        {
            throw new CommandException($"no configuration file at {full}; see docs/operations.md for one to start from");
        }

        if (file.Length > Longest)
        {
            throw new CommandException(ExitCode.Malformed, $"{full} is longer than {Longest} bytes; that is no configuration file");
        }

        _ = ConfigurationReader.TryRead(File.ReadAllBytes(full), out NodeConfiguration configuration, out errors);
        string folder = file.DirectoryName!;
        return configuration with
        {
            Model = Resolve(folder, configuration.Model),
            Adapters = [.. configuration.Adapters.Select(path => Resolve(folder, path)!)],
            Models = [.. configuration.Models.Select(model => model with
            {
                Path = Resolve(folder, model.Path),
                Adapters = [.. model.Adapters.Select(path => Resolve(folder, path)!)],
            })],
            Policy = Resolve(folder, configuration.Policy),
            TlsCertificate = Resolve(folder, configuration.TlsCertificate),
            TlsKey = Resolve(folder, configuration.TlsKey),
            SimulatedAuthorities = Resolve(folder, configuration.SimulatedAuthorities),
        };
    }

    /// <summary>Throws when there are mistakes, and names them all; of those about one member only the first.</summary>
    /// <param name="errors">Every mistake, each starting with the member's name.</param>
    /// <param name="path">The file they are in, or null for the command line.</param>
    /// <exception cref="CommandException">There are mistakes.</exception>
    public static void RequireValid(IEnumerable<string> errors, string? path)
    {
        string[] mistakes = [.. errors.DistinctBy(error => error.Split(':')[0])];
        if (mistakes.Length > 0)
        {
            throw new CommandException(
                ExitCode.Usage,
                $"{path ?? "options"}: {(mistakes.Length == 1 ? "one mistake" : $"{mistakes.Length} mistakes")}: {string.Join("; ", mistakes)}");
        }
    }

    private static string? Resolve(string folder, string? path) => path is null ? null : Path.GetFullPath(path, folder);
}
