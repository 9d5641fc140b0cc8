using System.CommandLine;
using System.Runtime.InteropServices;

namespace Verathos.Host.Cli;

/// <summary>The program: parses the command line, runs the verb and gives its exit status.</summary>
public static class Application
{
    /// <summary>Runs one command line. Writes to the given streams, or to the console's.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter? output = null, TextWriter? error = null, CancellationToken cancellationToken = default)
    {
        output ??= Console.Out;
        error ??= Console.Error;
        ParseResult parse = CreateRoot().Parse(args);
        if (parse.Errors.Count > 0)
        {
            Output usage = new(output, error, parse.GetValue(CommonOptions.Json));
            string problems = string.Join("; ", parse.Errors.Select(problem => problem.Message.TrimEnd('.')));
            return (int)VerbExtensions.Report(usage, ExitCode.Usage, $"{problems}. See: {Path(parse.CommandResult.Command)} --help");
        }

        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        InvocationConfiguration configuration = new()
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parse.InvokeAsync(configuration, interrupted.Token).ConfigureAwait(false);

        void Stop(PosixSignalContext context)
        {
            if (!interrupted.IsCancellationRequested)
            {
                context.Cancel = true;
                interrupted.Cancel();
            }
        }
    }

    private static RootCommand CreateRoot()
    {
        RootCommand root = new("verathos: a confidential inference and training node");
        root.Options.Add(CommonOptions.Json);
        foreach (Command command in Verbs.All())
        {
            root.Subcommands.Add(command);
        }

        return root;
    }

    private static string Path(Command command)
    {
        string name = command is RootCommand ? "verathos" : command.Name;
        return command.Parents.OfType<Command>().FirstOrDefault() is Command parent ? Path(parent) + " " + name : name;
    }
}
