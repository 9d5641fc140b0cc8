using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Evidence;
using Verathos.Bench.Peers;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench evidence</c>: milliseconds and bytes of each kind of evidence, beside npm's verifiers of quotes.</summary>
internal static class BenchEvidenceCommand
{
    public static Command Create()
    {
        Command command = new("evidence", "Verify quotes and reports beside npm @phala/dcap-qvl and @phala/dcap-qvl-web on the same quotes and collateral");
        Option<int> pairs = new("--pairs") { Description = "Interleaved pairs of each kind of evidence", DefaultValueFactory = static _ => 60 };
        Option<int> repeats = new("--repeats") { Description = "Verifications of each measurement", DefaultValueFactory = static _ => 5 };
        Option<string?> reference = new("--reference") { Description = "bench/reference with its installed packages (default: the nearest one above)" };
        Option<string?> vectors = new("--vectors") { Description = "A folder of recorded evidence (default: VERATHOS_VECTORS, or shared/vectors beside the repository)" };
        command.Options.Add(pairs);
        command.Options.Add(repeats);
        command.Options.Add(reference);
        command.Options.Add(vectors);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(pairs) < 1 || context.Value(repeats) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--pairs and --repeats take a number of at least 1");
            }

            try
            {
                string folder = Path.GetFullPath(context.Value(reference) ?? ReferenceProcess.FindFolder());
                EvidenceBenchReport report = await EvidenceBench.RunAsync(
                    new EvidenceBenchOptions
                    {
                        Reference = folder,
                        Vectors = context.Value(vectors) ?? VectorFolder.Find(),
                        Pairs = context.Value(pairs),
                        Repeats = context.Value(repeats),
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

    private static void Write(Output output, EvidenceBenchReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["evidence", "verifier", "different", "ms", "99 %", "bytes allocated", "times ours"],
            report.Rows.Select(static row => (IReadOnlyList<string>)
            [
                row.Evidence,
                row.Verifier,
                Number(row.Items, "0"),
                $"{Number(row.Milliseconds.Median, "0.000")} ({Number(row.Milliseconds.Minimum, "0.000")} to {Number(row.Milliseconds.Maximum, "0.000")})",
                Number(row.Milliseconds.P99, "0.000"),
                row.AllocatedBytes is { } bytes ? Number(bytes.Median, "0") : "-",
                row.Slower is { } ratio ? $"{Number(ratio.Median, "0.0")} ({Number(ratio.Low, "0.0")} to {Number(ratio.High, "0.0")})" : "",
            ]),
            $"From bytes to verdict on one thread, collateral known; {report.Pairs} interleaved pairs of {report.Repeats}; beside {string.Join(" and ", report.Peers)}");
        output.Table(
            ["evidence", "goal", "measured", "reached"],
            report.Goals.Select(static goal => (IReadOnlyList<string>)[goal.Evidence, goal.Goal, Number(goal.Measured, "0.000"), goal.Holds ? "yes" : "NO"]),
            "Goals, by the median");
        foreach (string skipped in report.Skipped)
        {
            output.Line($"Left out: {skipped}");
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
