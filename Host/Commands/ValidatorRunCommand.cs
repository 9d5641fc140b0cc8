using System.CommandLine;
using System.Globalization;
using Verathos.Fingerprint.Keys;
using Verathos.GpuRuntime.Compute;
using Verathos.Host.Cli;
using Verathos.Validator.Audits;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Epochs;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator run</c>: runs epochs until it is stopped. Killed at any point, it goes on where it was.</summary>
internal static class ValidatorRunCommand
{
    public static Command Create()
    {
        ValidatorArguments arguments = new();
        Option<long?> epochs = new("--epochs") { Description = "Run so many epochs, one under way included, and end (default: until stopped)" };
        Option<bool> once = new("--once") { Description = "Run one epoch: --epochs 1" };
        Option<bool> dry = new("--dry-run") { Description = "Send nothing: print what the next epoch takes in requests, bytes and tokens" };
        Option<double?> price = new("--price") { Description = "With --dry-run: the price of a million tokens, prompt and answer alike, to print what an epoch costs" };
        Command command = new("run", "Run a validator: challenge evidence, send canaries, audit answers, score nodes") { arguments.Dir, epochs, once, dry, price };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            if (context.Value(epochs) is < 1 || (context.Value(once) && context.Value(epochs) is not null) || (context.Value(price) is { } given && !(given >= 0 && double.IsFinite(given))))
            {
                throw new CommandException(ExitCode.Usage, "--epochs takes a number of at least 1 and not together with --once, and --price one of at least 0");
            }

            ValidatorFolder folder = arguments.Open(context);
            using ValidatorServices services = ValidatorServices.Open(folder, TimeProvider.System, null, token);
            if (folder.Configuration.AllowSimulated)
                context.Output.Simulated();
            if (context.Value(dry))
            {
                await DryRunAsync(context, services, context.Value(price), token).ConfigureAwait(false);
                return ExitCode.Accepted;
            }

            if (folder.Configuration.Ban.SingleValidator)
                context.Output.Note("single-validator mode: this validator bans alone, and nobody checks it");
            long before = services.State.Epochs().Count(static epoch => epoch.EndedAt is not null);
            await new ValidatorRun(services, context.Output.Note).RunAsync(context.Value(once) ? 1 : context.Value(epochs), token).ConfigureAwait(false);
            Write(context.Output, services.State, before);
            return ExitCode.Accepted;
        }));
        return command;
    }

    private static async Task DryRunAsync(VerbContext context, ValidatorServices services, double? price, CancellationToken stop)
    {
        ValidatorConfiguration configuration = services.Folder.Configuration;
        ValidatorState state = services.State;
        IReadOnlyList<ListedNode> listed = await new FileNodeDirectory(services.Folder.Resolve(configuration.Nodes)).ListAsync(stop).ConfigureAwait(false);
        Dictionary<string, NodeRow> known = state.Nodes().ToDictionary(static node => node.Name);
        AuditRates rates = new(configuration, configuration.CanariesPerNode);
        int[] active = [.. listed.Where(node => !known.TryGetValue(node.Name, out NodeRow? row) || row.Status == NodeStatus.Active)
            .Select(node => known.TryGetValue(node.Name, out NodeRow? row) ? rates.Of(row, state.LatestEpoch + 1).RatePpm : AuditSeed.All)];
        ModelConstants? model = services.Models.Models.Select(static own => own.Constants).OrderByDescending(static own => own.Shape.HiddenSize).FirstOrDefault();
        CanaryExpectation expected = CanaryExpectation.Of(services.Corpus, configuration.Canaries.MaxAnswerTokens);
        EpochCost cost = EpochCost.Of(configuration, active, listed.Count - active.Length, expected, model);
        double? money = price is { } perMillion ? (cost.PromptTokens + cost.OutputTokens) * perMillion / 1e6 : null;
        if (context.Json)
        {
            context.Output.WriteJson(new { epoch = state.LatestEpoch + 1, seconds = configuration.EpochSeconds, cost, openingsCounted = model is not null, money, profile = NumericProfile.Served.Identifier });
            return;
        }

        context.Output.Table(["an epoch takes, about", ""], [
            ["seconds", Number(configuration.EpochSeconds)],
            ["nodes challenged, and asked", $"{Number(cost.Nodes)}, {Number(cost.Asked)}"],
            ["challenges of evidence", Number(cost.Challenges)],
            ["canaries", Number(cost.Canaries)],
            ["tokens of prompts, and of answers at most", $"{Number(cost.PromptTokens)}, {Number(cost.OutputTokens)}"],
            ["audited receipts, and deeply", $"{Number(cost.Audits)}, {Number(cost.DeepAudits)}"],
            ["bytes sent", Number(cost.BytesSent)],
            ["bytes received", Number(cost.BytesReceived) + (model is null ? " and the openings, whose model is not here" : "")],
            ["requests a second", cost.RequestsPerSecond.ToString("F3", CultureInfo.InvariantCulture)],
            .. money is { } amount ? [["price of the tokens", amount.ToString("F4", CultureInfo.InvariantCulture)]] : (IReadOnlyList<string>[])[],
        ]);
    }

    private static void Write(Output output, ValidatorState state, long before)
    {
        EpochRow[] closed = [.. state.Epochs().Where(static epoch => epoch.EndedAt is not null).Skip((int)before)];
        NodeRow[] nodes = [.. state.Nodes().Where(static node => node.Listed)];
        if (output.Json)
        {
            output.WriteJson(new
            {
                epochs = closed.Select(epoch => new
                {
                    number = epoch.Number,
                    commitment = Convert.ToHexStringLower(epoch.Commitment),
                    canaries = state.Canaries(epoch.Number).Count,
                    audited = state.Audits(epoch.Number).Count(static audit => audit.State == WorkState.Ended),
                    skipped = state.Audits(epoch.Number).Count(static audit => audit.State == WorkState.Skipped),
                }),
                nodes = nodes.Select(node => new
                {
                    name = node.Name,
                    status = node.Status,
                    reason = node.StatusReason,
                    sumMicro = node.Evidence.SumMicro,
                    checks = node.Evidence.Checks,
                    scorePpm = Score(state, closed, node),
                }),
            });
            return;
        }

        output.Table(["node", "status", "why", "evidence (nats)", "checks", "score"], nodes.Select(node => (IReadOnlyList<string>)
            [
                node.Name, node.Status.ToString(), node.StatusReason ?? "", (node.Evidence.SumMicro / 1e6).ToString("F2", CultureInfo.InvariantCulture), Number(node.Evidence.Checks),
                Score(state, closed, node) is { } score ? (score / 1e6).ToString("F3", CultureInfo.InvariantCulture) : "",
            ]));
    }

    private static int? Score(ValidatorState state, EpochRow[] closed, NodeRow node) =>
        closed is [.., EpochRow latest] && state.Scores(latest.Number, node.Id) is [ScoreRow score] ? score.ScorePpm : null;

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
