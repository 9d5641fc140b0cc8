using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Fingerprint;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench openings</c>: opened layers of honest answers, and of answers from rounded weights.</summary>
internal static class BenchOpeningsCommand
{
    public static Command Create()
    {
        Command command = new("openings", "Open layers of answers from the named weights and from rounded ones, and judge them by a validator's keys: no honest one may fail, no other pass");
        Option<int> seed = new("--seed") { Description = "Chooses prompts and what is opened", DefaultValueFactory = _ => 1 };
        Option<int> answers = new("--answers") { Description = "Answers of each kind of weights", DefaultValueFactory = _ => 20 };
        Option<int> openings = new("--openings") { Description = "Openings of each answer", DefaultValueFactory = _ => 10 };
        Option<string?> model = new("--model") { Description = "The model (default: the demonstration model)" };
        command.Options.Add(seed);
        command.Options.Add(answers);
        command.Options.Add(openings);
        command.Options.Add(model);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(answers) < 1 || context.Value(openings) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--answers and --openings take a number of at least 1");
            }

            string path = ModelPath.Resolve(context.Value(model));
            OpeningReport report = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () => OpeningBench.Run(
                    new OpeningOptions
                    {
                        Model = path,
                        Seed = context.Value(seed),
                        Answers = context.Value(answers),
                        Openings = context.Value(openings),
                        Progress = (done, of) => progress("answers", done, of),
                    },
                    token),
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Holds ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static void Write(Output output, OpeningReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["weights", "openings", "rejected", "by rows", "by residual", "by attention", "greatest T/16", "mean T/16"],
            report.Rows.Select(row => (IReadOnlyList<string>)
                [row.Weights, Number(row.Openings), Number(row.Rejected), Number(row.ByRows), Number(row.ByResidual), Number(row.ByAttention), Number(row.Greatest, "F2"), Number(row.Mean, "F2")]),
            $"{report.Model}, {report.Profile}, seed {report.Seed}, residuals up to {Number(report.ResidualLimit, "F1")}");
        output.Line($"An opened layer has {Number(report.OpeningBytes, "N0")} bytes on average, an opened row of logits {Number(report.LogitsBytes, "N0")}.");
        output.Line($"{Number(report.LogitsOpened)} rows of logits of honest answers opened, {Number(report.LogitsRejected)} rejected.");
        output.Line(report.Holds ? "No honest opening was rejected, and every other was." : "NOT as it must be.");
    }

    private static string Number(double value, string format = "F0") => value.ToString(format, CultureInfo.InvariantCulture);
}
