using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Pages;
using Verathos.Bench.Peers;
using Verathos.Host.Cli;
using Verathos.Validator.Reports;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench page</c>: a validator's page in a real browser.</summary>
internal static class BenchPageCommand
{
    public static Command Create()
    {
        Command command = new("page", "Look at a validator's report in headless Chromium: drawn, no requests or console errors, readable at 390 pixels, light and dark");
        Option<string?> html = new("--html") { Description = "The page that 'validator report --html' wrote (default: a made-up one that shows everything)" };
        Option<string?> screenshots = new("--screenshots") { Description = "A folder for pictures of what was seen" };
        Option<bool> training = new("--training") { Description = "The page of a training run instead: --html names one that 'train coordinator --page' wrote" };
        Option<int> nodes = new("--nodes") { Description = "Nodes of the made-up report", DefaultValueFactory = static _ => 8 };
        command.Options.Add(html);
        command.Options.Add(screenshots);
        command.Options.Add(nodes);
        command.Options.Add(training);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(nodes) is < 3 or > 1024)
            {
                throw new CommandException(ExitCode.Usage, "--nodes takes a number from 3 to 1024");
            }

            string page = context.Value(html) is { } file ? await File.ReadAllTextAsync(file, token).ConfigureAwait(false)
                : context.Value(training) ? TrainingPage.Write(SampleCurves.Make(context.Value(nodes), 40)) : HtmlReport.Write(SampleReport.Make(context.Value(nodes), 9));
            PageReport report;
            try
            {
                report = await PageBench.RunAsync(page, context.Value(screenshots), context.Value(training) ? TrainingPage.ChartCount : PageBench.Charts, token).ConfigureAwait(false);
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Unsupported, e.Message);
            }

            if (context.Json)
            {
                context.Output.WriteJson(report);
            }
            else
            {
                context.Output.Table(
                    ["width", "scheme", "console", "requests", "charts", "page, px", "least letters, px", "least contrast", "picture"],
                    report.Views.Select(static view => (IReadOnlyList<string>)
                    [
                        Text(view.Width),
                        view.Dark ? "dark" : "light",
                        Text(view.Console.Count),
                        Text(view.Requests),
                        Text(view.Charts),
                        Text(view.ScrollWidth),
                        view.SmallestText.ToString("0.0", CultureInfo.InvariantCulture),
                        view.LeastContrast.ToString("0.0", CultureInfo.InvariantCulture),
                        view.Screenshot ?? "",
                    ]));
                foreach (string fault in report.Faults)
                {
                    context.Output.Line(fault);
                }
            }

            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
