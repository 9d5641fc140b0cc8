using System.CommandLine;

namespace Verathos.Host.Cli;

/// <summary>What a running verb gets: its parsed options and where to write.</summary>
public sealed class VerbContext
{
    internal VerbContext(ParseResult parse, Output output) => (Parse, Output) = (parse, output);

    /// <summary>The parsed command line.</summary>
    public ParseResult Parse { get; }

    /// <summary>Where results, notes and progress go.</summary>
    public Output Output { get; }

    /// <summary>True under <c>--json</c>.</summary>
    public bool Json => Output.Json;

    /// <summary>The value of an option, or its default.</summary>
    public T? Value<T>(Option<T> option) => Parse.GetValue(option);

    /// <summary>The value of an argument, or its default.</summary>
    public T? Value<T>(Argument<T> argument) => Parse.GetValue(argument);
}
