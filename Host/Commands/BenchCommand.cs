using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Node;
using Verathos.Bench.Statistics;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Compute;
using Verathos.Host.Cli;
using Verathos.Host.Demo;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench</c>: measurements, each beside what it is compared with, in one run.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        Command command = new("bench", "Measure, and print every figure with its spread");
        command.Subcommands.Add(CreateNode());
        command.Subcommands.Add(BenchProfileCommand.Create());
        command.Subcommands.Add(BenchFingerprintCommand.Create());
        command.Subcommands.Add(BenchOpeningsCommand.Create());
        command.Subcommands.Add(BenchDetectionCommand.Create());
        command.Subcommands.Add(BenchDetectionCommand.CreateWorker());
        command.Subcommands.Add(BenchTraceCommand.Create());
        command.Subcommands.Add(BenchMemoryCommand.Create());
        command.Subcommands.Add(BenchTokenizersCommand.Create());
        command.Subcommands.Add(BenchTemplatesCommand.Create());
        command.Subcommands.Add(BenchReferenceCommand.Create());
        command.Subcommands.Add(BenchEvidenceCommand.Create());
        command.Subcommands.Add(BenchMutationCommand.Create());
        command.Subcommands.Add(BenchPageCommand.Create());
        command.Subcommands.Add(BenchValidatorCommand.Create());
        command.Subcommands.Add(BenchCanariesCommand.Create());
        command.Subcommands.Add(BenchTrainingAttacksCommand.Create());
        command.Subcommands.Add(BenchTrainingImpactCommand.Create());
        command.Subcommands.Add(BenchEngineCommand.Create());
        command.Subcommands.Add(BenchEngineCommand.CreateWorker());
        command.Subcommands.Add(BenchTransformersCommand.Create());
        command.Subcommands.Add(BenchTrainingTextCommand.Create());
        command.Subcommands.Add(BenchTrainingFaultsCommand.Create());
        return command;
    }

    private static Command CreateNode()
    {
        Command command = new("node", "What confidentiality costs: the whole path beside the bare runtime, chunks, receipts, evidence, memory");
        Option<int> pairs = new("--pairs") { Description = "Interleaved pairs of each ratio", DefaultValueFactory = _ => 10 };
        Option<int> tokens = new("--tokens") { Description = "Tokens of a request alone; half as many in each of eight at once", DefaultValueFactory = _ => 64 };
        Option<string?> model = new("--model") { Description = "The small model (default: the demonstration model)" };
        Option<string> profile = new("--profile") { Description = "The numeric profile", DefaultValueFactory = _ => NumericProfile.Served.Name };
        Option<bool> small = new("--small-only") { Description = "Leave out the model of SmolLM2-135M's shape" };
        command.Options.Add(pairs);
        command.Options.Add(tokens);
        command.Options.Add(model);
        command.Options.Add(profile);
        command.Options.Add(small);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(pairs) < 1 || context.Value(tokens) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--pairs and --tokens take a number of at least 1");
            }

            string path = ModelPath.Resolve(context.Value(model));
            ModelLoading.Profile(context.Value(profile)!);

            // The installation whose roots the client trusts must be there before the first node is.
            using (Simulator.Installation.OpenOrCreate(SimulatedFolder.Default))
            {
            }

            NodeReport report = await NodeBench.RunAsync(
                new NodeBenchOptions
                {
                    StartNode = async (loaded, stop) =>
                    {
                        DemoNode node = await DemoNode.StartAsync(loaded, null, stop, BenchTraceCommand.Uncounted).ConfigureAwait(false);
                        return new BenchNode(node.Address, node);
                    },
                    Client = TrustArguments.Simulated(),
                    NodeCommand = [.. Program(), "node", "--tee", "simulated", "--model", path, "--profile", context.Value(profile)!, "--listen"],
                    SmallModel = path,
                    Pairs = context.Value(pairs),
                    Tokens = context.Value(tokens),
                    Profile = context.Value(profile)!,
                    Large = !context.Value(small),
                    Progress = context.Output.Note,
                },
                token).ConfigureAwait(false);
            Write(context.Output, report);
            return ExitCode.Accepted;
        });
        return command;
    }

    // How this very program was started: the runtime with the program's file, or the program itself.
    internal static IEnumerable<string> Program()
    {
        string process = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Path.Combine(AppContext.BaseDirectory, "verathos.dll")] : [process];
    }

    private static void Write(Output output, NodeReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["model", "profile", "at once", "node tokens/s", "runtime that commits", "bare runtime", "node over committing", "95 % interval", "node over bare", "95 % interval", "pairs"],
            report.Tax.Select(row => (IReadOnlyList<string>)
            [
                row.Model,
                row.Profile,
                Number(row.Concurrent),
                Range(row.Node),
                Range(row.Committing),
                Range(row.Bare),
                Number(row.Confidentiality.Median, "0.000"),
                $"{Number(row.Confidentiality.Low, "0.000")} to {Number(row.Confidentiality.High, "0.000")}",
                Number(row.Ratio.Median, "0.000"),
                $"{Number(row.Ratio.Low, "0.000")} to {Number(row.Ratio.High, "0.000")}",
                Number(row.Ratio.Pairs),
            ]),
            "Tokens per second through client, seal, host, enclave and receipt, beside the runtime alone with the same commitments and with none");
        output.Table(
            ["", "median", "least", "99 %", "most"],
            [
                Row("seal and hash one chunk of 512 bytes, µs", report.SealMicroseconds, "0.00"),
                Row("encode and sign one receipt, ms", report.ReceiptMilliseconds, "0.000"),
                Row("verify a node's evidence, collateral known, ms", report.EvidenceMilliseconds, "0.00"),
                Row("bytes allocated by that", report.EvidenceAllocatedBytes, "0"),
                Row("a node's process until ready, s", report.ReadySeconds, "0.00"),
                Row("its first answer of 16 tokens to an attested client, ms", report.FirstAnswerMilliseconds, "0.0"),
                Row("its second, ms", report.SecondAnswerMilliseconds, "0.0"),
            ]);
        output.Line($"A warm request: {report.WarmRequestRoundTrips} round trip, {report.WarmRequestConnections} connections opened.");
        output.Line($"Peak resident memory of the node's process on the small model: {Number(report.PeakMegabytes, "0")} MB.");
    }

    private static IReadOnlyList<string> Row(string name, Spread spread, string format) =>
        [name, Number(spread.Median, format), Number(spread.Minimum, format), Number(spread.P99, format), Number(spread.Maximum, format)];

    private static string Range(Spread spread) => $"{Number(spread.Median, "0.0")} ({Number(spread.Minimum, "0.0")} to {Number(spread.Maximum, "0.0")})";

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
