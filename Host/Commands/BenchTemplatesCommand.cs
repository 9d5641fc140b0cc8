using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Peers;
using Verathos.Bench.Templates;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench templates</c>: every family's chat template beside npm <c>@huggingface/jinja</c>.</summary>
internal static class BenchTemplatesCommand
{
    public static Command Create()
    {
        Command command = new("templates", "Random conversations through the chat template of every family, beside npm @huggingface/jinja");
        Option<int> seed = new("--seed") { Description = "Chooses the conversations", DefaultValueFactory = static _ => 1 };
        Option<int> count = new("--count") { Description = "Conversations for each template", DefaultValueFactory = static _ => 500 };
        Option<string?> reference = new("--reference") { Description = "bench/reference with its installed packages (default: the nearest one above)" };
        Option<string[]> template = new("--template") { Description = "A further template to compare: a file of Jinja text, or a tokenizer_config.json; may be given several times", DefaultValueFactory = static _ => [] };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(reference);
        command.Options.Add(template);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--count takes a number of at least 1");
            }

            try
            {
                TemplateReport report = await TemplateBench.RunAsync(
                    new TemplateBenchOptions
                    {
                        Reference = Path.GetFullPath(context.Value(reference) ?? ReferenceProcess.FindFolder()),
                        Files = context.Value(template)!,
                        Seed = context.Value(seed),
                        Count = context.Value(count),
                        Progress = context.Output.Note,
                    },
                    token).ConfigureAwait(false);
                Write(context.Output, report);
                return report.Holds ? ExitCode.Accepted : ExitCode.Failed;
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }
        });
        return command;
    }

    private static void Write(Output output, TemplateReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["template", "from", "conversations", "both refuse", "equal to npm", "npm mended", "Python", "provenance wrong"],
            report.Templates.Select(static row => (IReadOnlyList<string>)
                [row.Template, row.Source, Number(row.Conversations), Number(row.Refused), Number(row.Equal), Number(row.EqualMended), row.EqualPython is int python ? Number(python) : "-", Number(row.SpecialsMoved)]),
            $"Random conversations of seed {report.Seed} beside npm @huggingface/jinja, as it is and mended (it ignores strip's argument and takes an empty text for false), and Python's Jinja2");
        foreach (TemplateRow row in report.Templates)
        {
            foreach (TemplateDifference difference in row.FirstDifferences)
            {
                output.Line($"{row.Template}: {System.Text.Json.JsonSerializer.Serialize(difference)}");
            }
        }

        foreach (string skipped in report.Skipped)
        {
            output.Line($"Left out: {skipped}");
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
