using System.CommandLine;

namespace Verathos.Host.Cli;

/// <summary>Options that every verb takes; the root command holds them, so a verb does not add them.</summary>
public static class CommonOptions
{
    /// <summary><c>--json</c>: one JSON object on standard output instead of tables.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON object instead of tables",
        Recursive = true,
    };
}
