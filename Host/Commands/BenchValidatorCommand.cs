using System.CommandLine;
using System.Globalization;
using Verathos.Attestation.Policies;
using Verathos.Bench.Fleet;
using Verathos.Client.Trust;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench validator</c>: one epoch over many nodes.</summary>
internal static class BenchValidatorCommand
{
    public static Command Create()
    {
        Command command = new("validator", "Audit many simulated nodes in one epoch, each with its own keys, prompts, seeds and generation: time, memory, bytes, who was caught");
        Option<int> nodes = new("--nodes") { Description = "Nodes", DefaultValueFactory = static _ => 256 };
        Option<int> canaries = new("--canaries") { Description = "Canaries of each", DefaultValueFactory = static _ => 13 };
        Option<int> cheaters = new("--cheaters") { Description = "Nodes that run rounded weights behind perfect evidence", DefaultValueFactory = static _ => 5 };
        Option<int> seed = new("--seed") { Description = "Chooses who cheats and how", DefaultValueFactory = static _ => 1 };
        Option<int?> seconds = new("--epoch-seconds") { Description = "Over how many seconds canaries are spread (default: about as many as two cores need)" };
        Option<string?> model = new("--model") { Description = "The model of all nodes (default: the demonstration model)" };
        command.Options.Add(nodes);
        command.Options.Add(canaries);
        command.Options.Add(cheaters);
        command.Options.Add(seed);
        command.Options.Add(seconds);
        command.Options.Add(model);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(nodes) is < 1 or > 1024 || context.Value(canaries) is < 1 or > 1000 || context.Value(cheaters) < 0 || context.Value(cheaters) > context.Value(nodes) || context.Value(seconds) is < 10 or > 86_400)
            {
                throw new CommandException(ExitCode.Usage, "--nodes takes 1 to 1024, --canaries 1 to 1000, --cheaters at most as many as there are nodes, --epoch-seconds 10 to 86400");
            }

            string path = ModelPath.Resolve(context.Value(model));
            using (Simulator.Installation.OpenOrCreate(SimulatedFolder.Default))
            {
            }

            FleetReport report = await ValidatorArguments.RunAsync(() => WorkProgress.RunAsync(context.Output, progress => FleetBench.RunAsync(
                new FleetOptions
                {
                    Model = path,
                    StartNode = BenchTraceCommand.StartAsync,
                    TrustAnchors = SimulatedFolder.Default,
                    Policy = Policy.BuiltInSource("simulated"),
                    Limits = Shipped("limits.json"),
                    Likelihoods = Shipped("likelihoods.json"),
                    Nodes = context.Value(nodes),
                    Canaries = context.Value(canaries),
                    Cheaters = context.Value(cheaters),
                    Seed = context.Value(seed),
                    EpochSeconds = context.Value(seconds),
                    Progress = progress,
                },
                token))).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static byte[]? Shipped(string name) => ValidatorArguments.TryFindShipped(name, out string? path) ? File.ReadAllBytes(path) : null;

    private static void Write(Output output, FleetReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["", ""],
            [
                ["nodes, keysets", $"{report.Nodes}, {report.Keysets}"],
                ["processors", Number(report.Processors)],
                ["seconds until all nodes were ready", Number(report.StartSeconds, "0.0")],
                ["seconds of the epoch (limit 1200)", Number(report.EpochSeconds, "0.0")],
                ["of them canaries were spread over", Number(report.SpreadSeconds)],
                ["peak memory, MB (limit 8000)", Number(report.PeakBytes / 1e6)],
                ["challenges accepted", Number(report.Challenges)],
                ["canaries planned, answered, spared, moved", $"{report.Planned}, {report.Answered}, {report.Spared}, {report.Moved}"],
                [$"canaries or audits missed (limit {FleetReport.MostMissed})", Number(report.Missed)],
                ["receipts audited, openings judged", $"{report.Audited}, {report.Openings}"],
                ["tokens", Number(report.Tokens)],
                ["kB for a node", Number(report.BytesPerNode / 1e3, "0.0")],
                ["ms of judging for a receipt", Number(report.JudgeMilliseconds, "0.00")],
                ["honest nodes that were caught", report.FalselyCaught.Count == 0 ? "none" : string.Join(", ", report.FalselyCaught)],
            ],
            $"One epoch over {report.Nodes} nodes on {report.Model}, seed {report.Seed}");
        foreach (string miss in report.Misses)
        {
            output.Note($"missed: {miss}");
        }

        if (report.Cheats.Count > 0)
        {
            output.Table(
                ["cheat", "ran", "caught by", "audited answers", "of them failed"],
                report.Cheats.Select(static cheat => (IReadOnlyList<string>)[cheat.Node, cheat.Weights, cheat.Check ?? "NOT CAUGHT", Number(cheat.Audited), Number(cheat.Failed)]));
        }
    }

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
