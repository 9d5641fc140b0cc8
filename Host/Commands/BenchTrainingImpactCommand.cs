using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Statistics;
using Verathos.Bench.TrainingImpact;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench training-impact</c>: what the first order says of contributions, beside exact losses.</summary>
internal static class BenchTrainingImpactCommand
{
    public static Command Create()
    {
        Command command = new("training-impact", "Rank contributions to training by one backward pass, and by exact losses: how far both agree, early and late, and what each costs");
        Option<int> seed = new("--seed") { Description = "The first seed", DefaultValueFactory = static _ => 1 };
        Option<int> count = new("--count") { Description = "Seeds", DefaultValueFactory = static _ => 3 };
        Option<int> early = new("--early") { Description = "The early round", DefaultValueFactory = static _ => 5 };
        Option<int> late = new("--late") { Description = "The late round", DefaultValueFactory = static _ => 90 };
        Option<int> documents = new("--documents") { Description = "Held-out documents of 64 tokens: 1024 are 65,536", DefaultValueFactory = static _ => 1_024 };
        foreach (Option option in (Option[])[seed, count, early, late, documents])
        {
            command.Options.Add(option);
        }

        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1 || context.Value(early) < 1 || context.Value(late) <= context.Value(early) || context.Value(documents) is < 16 or > 1_536)
            {
                throw new CommandException(ExitCode.Usage, "--count and --early take numbers above 0, --late one above --early, --documents one of 16 to 1536");
            }

            ImpactReport report = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () => ImpactBench.Run(
                    new ImpactOptions
                    {
                        Seeds = [.. Enumerable.Range(context.Value(seed), context.Value(count))],
                        Early = context.Value(early),
                        Late = context.Value(late),
                        Documents = context.Value(documents),
                        Progress = progress,
                    },
                    token),
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Holds ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static void Write(Output output, ImpactReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["seed", "round", "loss", "honest, 0.2 step", "other tokens", "whole step", "with bad, 0.2 step", "whole step", "unclipped", "kept"],
            [
                .. report.Rows.Select(row => (IReadOnlyList<string>)
                [
                    Number(row.Seed), Number(row.Round), Number(row.Loss, "0.000"), Number(row.Honest, "0.000"), Number(row.HonestOther, "0.000"), Number(row.HonestWhole, "0.000"),
                    Number(row.Bad, "0.000"), Number(row.BadWhole, "0.000"), Number(row.BadUnclipped, "0.000"), Number(row.Kept, "0.00"),
                ]),
            ],
            $"Spearman's rank correlation of the first order with the exact fall of the loss on {report.Tokens} held-out tokens, 20 workers");
        output.Table(
            ["", "median", "least", "most", "measurements"],
            [
                Row("exact: one peer's forward pass, ms", report.ExactMilliseconds),
                Row("first order: the backward pass for all peers, ms", report.GradientMilliseconds),
                Row("first order: one peer's clipping and sparse product, ms", report.PeerMilliseconds, "0.000"),
            ]);
        output.Line(
            $"A further peer is {Number(report.PeerRatio)} times cheaper than by exact losses (aim {ImpactReport.LeastRatio}); with the backward pass spread over 20 peers {Number(report.RatioOf(20), "0.0")} times, "
            + $"over 64 {Number(report.RatioOf(64), "0.0")} times{(report.PeersNeeded is { } peers ? $"; {ImpactReport.LeastRatio} times from {peers} peers on" : "")}.");
    }

    private static IReadOnlyList<string> Row(string name, Spread spread, string format = "0.0") =>
        [name, Number(spread.Median, format), Number(spread.Minimum, format), Number(spread.Maximum, format), Number(spread.Count)];

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
