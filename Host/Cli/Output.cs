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

    /// <summary>Writes to the two given streams.</summary>
    public Output(TextWriter @out, TextWriter error, bool json)
    {
        ArgumentNullException.ThrowIfNull(@out);
        ArgumentNullException.ThrowIfNull(error);
        (_out, _error, Json) = (@out, error, json);
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

    /// <summary>Writes a line of plain text to standard output; nothing under <c>--json</c>.</summary>
    public void Line(string text = "")
    {
        if (!Json)
        {
            Written = true;
            _out.WriteLine(text);
            _out.Flush();
        }
    }

    /// <summary>Writes text without a line end to standard output, at once; nothing under <c>--json</c>. For streamed answers.</summary>
    public void Text(string text)
    {
        if (!Json)
        {
            Written = true;
            _out.Write(text);
            _out.Flush();
        }
    }

    /// <summary>Writes a table to standard output; cells are plain text. Nothing under <c>--json</c>.</summary>
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
            table.Title = new TableTitle(Markup.Escape(title));
        }

        foreach (string header in headers)
        {
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Bold))));
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        Console.Write(table);
    }

    /// <summary>Writes a remark for the person at the terminal to standard error, under <c>--json</c> too.</summary>
    public void Note(string text)
    {
        _error.WriteLine(text);
        _error.Flush();
    }

    /// <summary>Says on standard error that the evidence comes from a simulated TEE and protects nothing.</summary>
    public void Simulated() =>
        Note("SIMULATED: this evidence comes from a software TEE. It shows how the protocol works and protects nothing.");

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
