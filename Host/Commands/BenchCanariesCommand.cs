using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Canaries;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Validator.Canaries;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench canaries</c>: whether a validator's canaries can be told from what people send.</summary>
internal static class BenchCanariesCommand
{
    public static Command Create()
    {
        Command command = new("canaries", "Train classifiers to tell a validator's canaries from what people send: no better than chance, and every planted mistake found");
        Option<int> seed = new("--seed") { Description = "Chooses everything", DefaultValueFactory = static _ => 1 };
        Option<int> count = new("--count") { Description = "Requests of each kind", DefaultValueFactory = static _ => 2000 };
        Option<int> pairs = new("--pairs") { Description = "Pairs of replicas at two nodes, at least; further epochs are planned until there are so many", DefaultValueFactory = static _ => 1000 };
        Option<string?> corpus = new("--corpus") { Description = "A file of real prompts that both are drawn from: one a line, text or an OpenAI body (default: the generator's)" };
        Option<string?> model = new("--model") { Description = "The model that answers (default: the demonstration model)" };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(pairs);
        command.Options.Add(corpus);
        command.Options.Add(model);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) is < 50 or > 100_000)
            {
                throw new CommandException(ExitCode.Usage, "--count takes a number from 50 to 100000");
            }

            if (context.Value(pairs) is < 1 or > 100_000)
            {
                throw new CommandException(ExitCode.Usage, "--pairs takes a number from 1 to 100000");
            }

            string path = ModelPath.Resolve(context.Value(model));
            using (Simulator.Installation.OpenOrCreate(SimulatedFolder.Default))
            {
            }

            byte[]? file = context.Value(corpus) is { } name ? await File.ReadAllBytesAsync(name, token).ConfigureAwait(false) : null;
            (string served, CorpusShape shape) = Describe(path, token);
            CanaryBenchReport report;
            try
            {
                report = await WorkProgress.RunAsync(context.Output, progress => CanaryBench.RunAsync(
                    new CanaryBenchOptions
                    {
                        StartNode = stop => BenchTraceCommand.StartAsync(ModelLoader.Load(path, new LoadOptions(), null, stop), stop),
                        Client = TrustArguments.Simulated(),
                        Model = served,
                        Shape = shape,
                        Corpus = file,
                        Seed = context.Value(seed),
                        Count = context.Value(count),
                        ReplicaPairs = context.Value(pairs),
                        Progress = progress,
                    },
                    token)).ConfigureAwait(false);
            }
            catch (CorpusException e)
            {
                throw new CommandException(ExitCode.Usage, e.Message, e);
            }

            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static (string Name, CorpusShape Shape) Describe(string path, CancellationToken token)
    {
        using LoadedModel model = ModelLoader.Load(path, new LoadOptions(), null, token);
        return (model.Manifest.Name, CorpusShape.For(model.MaxContext));
    }

    private static void Write(Output output, CanaryBenchReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["told apart from organic requests", "seen by", "AUC", "95 % interval", "must be", ""],
            report.Rows.Select(static row => (IReadOnlyList<string>)
            [
                row.Name,
                row.Sees,
                Number(row.Result.Auc),
                $"{Number(row.Result.Low)} to {Number(row.Result.High)}",
                row.MustBeChance ? "chance" : "found",
                row.Passed ? "" : "NOT SO",
            ]),
            string.Create(CultureInfo.InvariantCulture, $"{report.Organic} organic requests and {report.Canaries} canaries of seed {report.Seed} from a {report.Pool} pool through a node on {report.Model}"));
        output.Line($"Outer headers are {(report.HeadersEqual ? "equal" : "NOT equal")}; {report.Replicas} replicas in {report.ReplicaPairs} pairs; refused by the node: {(report.Refused.Count == 0 ? "none" : string.Join(", ", report.Refused.Select(static pair => $"{pair.Value} {pair.Key}")))}.");
    }

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
