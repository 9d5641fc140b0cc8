using System.CommandLine;
using Verathos.Host.Cli;
using Verathos.Simulator.Cases;

namespace Verathos.Host.Commands;

/// <summary><c>verathos policy</c>: what can be done with appraisal policies without a node.</summary>
public static class PolicyCommand
{
    /// <summary>The verb with its sub-verbs.</summary>
    public static Command Create() => new("policy", "Try attestation policies on the evidence that they must accept and reject") { Test() };

    private static Command Test()
    {
        Argument<string?> folder = new("DIR")
        {
            Description = "The folder that holds the policies and, under cases/, their cases; policies/ of the repository by default",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new("test", "Run every policy's accept and reject cases; exit 1 if one does not come out as stated") { folder };
        command.SetVerb((context, _) =>
        {
            string path = context.Value(folder) ?? DefaultFolder();
            IReadOnlyList<PolicyCaseResult> results;
            try
            {
                using PolicyCaseRunner runner = new(TimeProvider.System);
                results = runner.RunFolder(path);
            }
            catch (InvalidDataException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message);
            }

            int failed = results.Count(result => !result.Ok);
            if (context.Json)
            {
                context.Output.WriteJson(new { folder = path, cases = results.Count, failed, results });
            }
            else
            {
                context.Output.Table(
                    ["policy", "case", "expected", "", "actual"],
                    results.Select(result => (IReadOnlyList<string>)[
                        result.Policy, result.Case, result.Expected, result.Ok ? "ok" : "WRONG", result.Ok ? "" : result.Actual]));
                context.Output.Line(failed == 0 ? $"{results.Count} cases, all as stated" : $"{failed} of {results.Count} cases are wrong");
            }

            return Task.FromResult(failed == 0 ? ExitCode.Accepted : ExitCode.Failed);
        });
        return command;
    }

    private static string DefaultFolder()
    {
        foreach (string start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, "policies");
                if (Directory.Exists(Path.Combine(candidate, "cases")))
                {
                    return candidate;
                }
            }
        }

        throw new CommandException(ExitCode.Usage, "no folder policies/ with cases/ was found; name one: verathos policy test DIR");
    }
}
