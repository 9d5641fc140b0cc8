using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Verathos.Host.Cli;

/// <summary>
/// Where a verb writes: results to standard output as tables or as one JSON object, notes and progress to standard error.
/// </summary>
public sealed class Output
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly bool _terminal;

    /// <summary>Writes to the two given streams.</summary>
    public Output(TextWriter @out, TextWriter error, bool json)
        : this(@out, error, json, ReferenceEquals(@out, System.Console.Out) && !System.Console.IsOutputRedirected)
    {
    }

    internal Output(TextWriter @out, TextWriter error, bool json, bool terminal)
    {
        ArgumentNullException.ThrowIfNull(@out);
        ArgumentNullException.ThrowIfNull(error);
        (_out, _error, Json, _terminal) = (@out, error, json, terminal);
        Console = CreateConsole(@out, ReferenceEquals(@out, System.Console.Out) && System.Console.IsOutputRedirected);
        Progress = CreateConsole(error, ReferenceEquals(error, System.Console.Error) && System.Console.IsErrorRedirected);
    }

    /// <summary>True when the result is to be one JSON object (<see cref="WriteJson"/>) and nothing else.</summary>
    public bool Json { get; }

    /// <summary>True once something was written to standard output.</summary>
    public bool Written { get; private set; }

    /// <summary>Standard output for tables. Write to it only when <see cref="Json"/> is false.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Standard error for progress bars and status lines.</summary>
    public IAnsiConsole Progress { get; }

    /// <summary>Writes the result as one indented JSON object; members become snake_case, enumerations strings.</summary>
    public void WriteJson<T>(T value)
    {
        Written = true;
        _out.WriteLine(JsonSerializer.Serialize(value, Options));
        _out.Flush();
    }

    /// <summary>Writes a line that is JSON already to standard output, whatever the mode: for verbs whose result is a line each.</summary>
    public void RawLine(string json)
    {
        Written = true;
        _out.WriteLine(json);
        _out.Flush();
    }

    /// <summary>Writes a line of plain text to standard output, without control characters; nothing under <c>--json</c>.</summary>
    public void Line(string text = "")
    {
        if (!Json)
        {
            Written = true;
            _out.WriteLine(Clean(text));
            _out.Flush();
        }
    }

    /// <summary>Writes text without a line end to standard output, at once; nothing under <c>--json</c>. For streamed answers: a terminal gets no control characters of theirs, a pipe gets them as they are.</summary>
    public void Text(string text)
    {
        if (!Json)
        {
            Written = true;
            _out.Write(_terminal ? Clean(text) : text);
            _out.Flush();
        }
    }

    /// <summary>Writes a table to standard output; cells are plain text, without control characters. Nothing under <c>--json</c>.</summary>
    public void Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(rows);
        if (Json)
        {
            return;
        }

        Written = true;
        Table table = new() { Border = TableBorder.Rounded };
        if (title is not null)
        {
            table.Title = new TableTitle(Markup.Escape(Clean(title)));
        }

        foreach (string header in headers)
        {
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Bold))));
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Text(Clean(cell))));
        }

        Console.Write(table);
    }

    /// <summary>Writes a remark for the person at the terminal to standard error, without control characters, under <c>--json</c> too.</summary>
    public void Note(string text)
    {
        _error.WriteLine(Clean(text));
        _error.Flush();
    }

    /// <summary>Says on standard error that the evidence comes from a simulated TEE and protects nothing.</summary>
    public void Simulated() =>
        Note("SIMULATED: this evidence comes from a software TEE. It shows how the protocol works and protects nothing.");

    /// <summary>
    /// Replaces every control character but line feed and tab, C0 and C1 alike: names, messages and answers of others must not move
    /// the cursor, rewrite what stands above or set the title.
    /// </summary>
    private static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Any(IsUnwanted) ? string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = IsUnwanted(source[i]) ? '\uFFFD' : source[i];
        }) : text;
    }

    private static bool IsUnwanted(char value) => char.IsControl(value) && value is not ('\n' or '\t');

    private static IAnsiConsole CreateConsole(TextWriter writer, bool redirected)
    {
        bool terminal = (ReferenceEquals(writer, System.Console.Out) || ReferenceEquals(writer, System.Console.Error)) && !redirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!terminal)
        {
            console.Profile.Width = 200;
        }

        return console;
    }
}
