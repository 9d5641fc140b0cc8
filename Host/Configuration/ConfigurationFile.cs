using Verathos.Host.Cli;

namespace Verathos.Host.Configuration;

/// <summary>Reads a configuration file from disk for a verb.</summary>
internal static class ConfigurationFile
{
    private const long Longest = 1 << 20;

    /// <summary>Reads a file; relative paths in it count from the file's own folder.</summary>
    /// <exception cref="CommandException">The file is absent, too long, or has mistakes; the message names them all.</exception>
    public static NodeConfiguration Read(string path)
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

        if (!ConfigurationReader.TryRead(File.ReadAllBytes(full), out NodeConfiguration configuration, out IReadOnlyList<string> errors))
        {
            throw Mistakes(errors, full);
        }

        string folder = file.DirectoryName!;
        return configuration with
        {
            Model = Resolve(folder, configuration.Model),
            Policy = Resolve(folder, configuration.Policy),
            TlsCertificate = Resolve(folder, configuration.TlsCertificate),
            TlsKey = Resolve(folder, configuration.TlsKey),
            SimulatedAuthorities = Resolve(folder, configuration.SimulatedAuthorities),
        };
    }

    /// <summary>Throws when there are mistakes.</summary>
    /// <param name="errors">Every mistake.</param>
    /// <param name="path">The file they are in, or null for the command line.</param>
    public static void RequireValid(IReadOnlyList<string> errors, string? path)
    {
        if (errors.Count > 0)
        {
            throw Mistakes(errors, path);
        }
    }

    private static CommandException Mistakes(IReadOnlyList<string> errors, string? path) => new(
        ExitCode.Usage,
        $"{(path is null ? "the options" : path)} {(errors.Count == 1 ? "has one mistake" : $"have {errors.Count} mistakes")}: {string.Join("; ", errors)}");

    private static string? Resolve(string folder, string? path) => path is null ? null : Path.GetFullPath(path, folder);
}
