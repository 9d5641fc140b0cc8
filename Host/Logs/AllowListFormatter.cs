using System.Collections.Frozen;
using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;

namespace Verathos.Host.Logs;

/// <summary>
/// Writes log events as compact JSON, one a line, and lets through only what is on two lists: message templates of the
/// front's own events (<see cref="FrontLog"/>) and properties by name and kind. Everything else is dropped, exceptions
/// included but for the names of their types, so that nothing a client sent can reach a log by way of some library's message.
/// </summary>
public sealed class AllowListFormatter : ITextFormatter
{
    private const int LongestText = 200;

    private static readonly FrozenSet<string> Properties = FrozenSet.ToFrozenSet(
        [
            "Address", "Bytes", "BytesIn", "BytesOut", "Endpoint", "Failure", "Milliseconds", "Model", "Reason", "Running",
            "Seconds", "Simulated", "Status", "Tee", "Topology", "Version",
        ]);

    private readonly CompactJsonFormatter _json = new();

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(logEvent);
        bool own = FrontLog.Templates.Contains(logEvent.MessageTemplate.Text);
        List<LogEventProperty> kept = [];
        foreach ((string name, LogEventPropertyValue value) in logEvent.Properties)
        {
            if (own && Properties.Contains(name) && Reduce(value) is { } reduced)
            {
                kept.Add(new LogEventProperty(name, reduced));
            }
            else if (!own && name == "SourceContext" && value is ScalarValue { Value: string source })
            {
                kept.Add(new LogEventProperty("Source", new ScalarValue(Cut(source))));
            }
        }

        if (logEvent.Exception is { } exception)
        {
            kept.Add(new LogEventProperty("ExceptionTypes", new ScalarValue(TypeNames(exception))));
        }

        LogEvent clean = new(
            logEvent.Timestamp, logEvent.Level, exception: null, own ? logEvent.MessageTemplate : MessageTemplate.Empty, kept);
        _json.Format(clean, output);
    }

    /// <summary>The names of an exception's types, outermost first; never its text.</summary>
    internal static string TypeNames(Exception exception)
    {
        List<string> names = [];
        for (Exception? inner = exception; inner is not null && names.Count < 8; inner = inner.InnerException)
        {
            names.Add(inner.GetType().Name);
        }

        return string.Join(" < ", names);
    }

    private static ScalarValue? Reduce(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: string text } => new ScalarValue(Cut(text)),
        ScalarValue { Value: null or bool or byte or short or int or long or uint or ulong or float or double } scalar => scalar,
        ScalarValue { Value: Enum number } => new ScalarValue(number.ToString()),
        ScalarValue { Value: TimeSpan span } => new ScalarValue(span.ToString("c", CultureInfo.InvariantCulture)),
        _ => null,
    };

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText];
}
