namespace Verathos.Host.Cli;

/// <summary>
/// A failure that a verb reports and that ends it: one line that says what is wrong and what to do, and the exit status.
/// Thrown by verbs only; <see cref="VerbContext"/>'s runner turns it into a line on standard error.
/// </summary>
public sealed class CommandException : Exception
{
    /// <summary>A failure with exit status 1.</summary>
    public CommandException(string message)
        : this(ExitCode.Failed, message)
    {
    }

    /// <summary>A failure with an exit status of its own.</summary>
    public CommandException(ExitCode exitCode, string message)
        : base(message) => ExitCode = exitCode;

    /// <summary>A failure with what caused it; the cause is not printed.</summary>
    public CommandException(ExitCode exitCode, string message, Exception innerException)
        : base(message, innerException) => ExitCode = exitCode;

    /// <summary>The status that the process ends with.</summary>
    public ExitCode ExitCode { get; }
}
