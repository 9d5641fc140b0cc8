using System.CommandLine;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;

namespace Verathos.Host.Cli;

/// <summary>Gives a command its action, with the handling of errors and interruption that all verbs share.</summary>
public static class VerbExtensions
{
    /// <summary>
    /// Runs <paramref name="action"/> when the command is invoked. A <see cref="CommandException"/>, or any other exception,
    /// becomes one line on standard error (and, under <c>--json</c> with nothing written yet, an object with <c>error</c>);
    /// never a stack trace. The token is cancelled by the first Ctrl-C or SIGTERM; a second one ends the process.
    /// </summary>
    public static void SetVerb(this Command command, Func<VerbContext, CancellationToken, Task<ExitCode>> action)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(action);
        command.SetAction(async (parse, token) =>
        {
            Output output = new(
                parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error, parse.GetValue(CommonOptions.Json));
            try
            {
                return (int)await action(new VerbContext(parse, output), token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The outermost frame: whatever it is, the person gets one line.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                (ExitCode code, string message) = Describe(exception, token);
                return (int)Report(output, code, message);
            }
        });
    }

    internal static ExitCode Report(Output output, ExitCode code, string message)
    {
        string line = OneLine(message);
        output.Note("verathos: " + line);
        if (output.Json && !output.Written)
        {
            output.WriteJson(new { error = line, exit = (int)code, reason = code });
        }

        return code;
    }

    private static (ExitCode Code, string Message) Describe(Exception exception, CancellationToken token) => exception switch
    {
        CommandException error => (error.ExitCode, error.Message),
        OperationCanceledException when token.IsCancellationRequested => (ExitCode.Cancelled, "stopped"),
        TimeoutException or OperationCanceledException => (ExitCode.Failed, "gave up waiting; try again, or check that the other side is running"),
        FileNotFoundException { FileName: { Length: > 0 } name } => (ExitCode.Failed, $"{name} is not there; check the path"),
        DirectoryNotFoundException => (ExitCode.Failed, exception.Message + " Check the path."),
        UnauthorizedAccessException when Folder(exception.Message) is { } folder => (ExitCode.Failed, $"{folder} is a folder; name a file"),
        UnauthorizedAccessException => (ExitCode.Failed, exception.Message + " Check who may read or write it."),
        HttpRequestException => (ExitCode.Failed, "the request failed: " + exception.Message + "; check the address and that the node is running"),
        SocketException => (ExitCode.Failed, "the connection failed: " + exception.Message + "; check the address and that the other side is running"),
        JsonException => (ExitCode.Malformed, "this is not the JSON that was expected: " + exception.Message),
        DllNotFoundException => (ExitCode.Unsupported, "a native library is missing: " + exception.Message),
        IOException => (ExitCode.Failed, exception.Message),
        AggregateException { InnerExceptions: [Exception only] } => Describe(only, token),
        _ => (ExitCode.Failed, $"{exception.GetType().Name}: {exception.Message} (this is a defect of verathos, not of your input; please report it)"),
    };

    /// <summary>The path that a message quotes, where it is a folder's: the system refuses to read one as it refuses a file.</summary>
    private static string? Folder(string message) =>
        message.Split('\'') is [_, { Length: > 0 } path, _] && Directory.Exists(path) ? path : null;

    private static string OneLine(string message) =>
        string.Join(' ', message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
