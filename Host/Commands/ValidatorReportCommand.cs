using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Verathos.Fingerprint.Statistics;
using Verathos.Host.Cli;
using Verathos.Validator.Configuration;
using Verathos.Validator.Reports;
using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator report</c>: scores, histories, coverage, and why points were lost, as tables, JSON or a page.</summary>
internal static class ValidatorReportCommand
{
    private const int DefaultEpochs = 24;

    public static Command Create()
    {
        Command command = new("report", "Show what was checked, how nodes stand, and why they lost points");
        Option<string> folder = new("--dir") { Description = "The validator's folder", DefaultValueFactory = static _ => "validator" };
        Option<string?> html = new("--html") { Description = "Write one page with charts to this file; it needs no network" };
        Option<int> epochs = new("--epochs") { Description = "How many of the latest epochs to show", DefaultValueFactory = static _ => DefaultEpochs };
        Option<string[]> node = new("--node") { Description = "Only this node, with its history (may be given several times)", DefaultValueFactory = static _ => [] };
        command.Options.Add(folder);
        command.Options.Add(html);
        command.Options.Add(epochs);
        command.Options.Add(node);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(epochs) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--epochs takes a number of at least 1");
            }

            string[] only = context.Value(node)!;
            ValidatorReport report = Build(context.Value(folder)!, context.Value(epochs), only);
            if (only.FirstOrDefault(name => report.Nodes.All(shown => shown.Name != name)) is { } unknown)
            {
                throw new CommandException(ExitCode.Usage, $"no node {unknown} was ever seen; 'validator report' lists the names");
            }

            if (context.Value(html) is { } file)
            {
                await File.WriteAllTextAsync(file, HtmlReport.Write(report), token).ConfigureAwait(false);
                context.Output.Note($"The page is in {file}.");
            }

            if (context.Json)
            {
                context.Output.WriteJson(report);
            }
            else
            {
                Write(context.Output, report, histories: only.Length > 0);
            }

            return ExitCode.Accepted;
        });
        return command;
    }

    private static ValidatorReport Build(string path, int epochs, string[] only)
    {
        try
        {
            ValidatorFolder folder = ValidatorFolder.Open(path);
            if (!File.Exists(folder.StatePath))
            {
                throw new CommandException(ExitCode.Failed, $"{path} has no state yet; 'verathos validator run' makes it");
            }

            BanConfiguration ban = folder.Configuration.Ban;
            using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
            ReportBuilder builder = new(
                state,
                EDetector.BoundMicro(ban.ChecksPerYear, ban.OneIn),
                ban.SingleValidator
                    ? "Single-validator mode: a ban here rests on this one validator's word."
                    : $"A node is banned when {ban.Quorum} validators have met the bound.",
                epoch => Seed(folder, epoch));
            return builder.Build(TimeProvider.System.GetUtcNow(), epochs, only.Length == 0 ? null : only.ToHashSet(StringComparer.Ordinal));
        }
        catch (InvalidDataException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message, e);
        }
        catch (StateException e)
        {
            throw new CommandException(ExitCode.Failed, e.Message, e);
        }
    }

    // What is no reveal counts as none.
    private static byte[]? Seed(ValidatorFolder folder, long epoch)
    {
        string file = Path.Combine(folder.RevealsFolder, string.Create(CultureInfo.InvariantCulture, $"epoch-{epoch}.json"));
        try
        {
            using JsonDocument reveal = JsonDocument.Parse(File.ReadAllBytes(file));
            return Convert.FromHexString(reveal.RootElement.GetProperty("seed").GetString()!);
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentNullException)
        {
            return null;
        }
    }

    private static void Write(Output output, ValidatorReport report, bool histories)
    {
        if (report.Simulated)
        {
            output.Simulated();
        }

        output.Table(
            ["node", "status", "score", "weight", "evidence, nats", "tokens verified", "audited, skipped", "why points were lost"],
            report.Nodes.Select(node =>
            {
                NodeEpochReport? last = node.History.LastOrDefault(static epoch => epoch.ScorePpm is not null);
                return (IReadOnlyList<string>)
                [
                    node.Name,
                    node.Status + (node.StatusReason is { } reason && node.Status != "active" ? $" ({reason})" : ""),
                    Share(last?.ScorePpm) + (last is { Carried: true } ? " (carried)" : ""),
                    Share(last?.WeightPpm),
                    $"{Nats(node.EvidenceMicro)} of {Nats(report.BoundMicro)}",
                    $"{Text(node.History.Sum(static epoch => epoch.VerifiedTokens))} of {Text(node.History.Sum(static epoch => epoch.AnsweredTokens))}",
                    $"{Text(node.History.Sum(static epoch => (long)epoch.Chosen))}, {Text(node.History.Sum(static epoch => (long)epoch.Skipped))}",
                    string.Join("\n", (last?.Losses ?? []).Where(static loss => loss.LostPpm > 0).OrderByDescending(static loss => loss.LostPpm).Select(static loss => $"{loss.Check} -{Share(loss.LostPpm)}")),
                ];
            }),
            "Nodes by their latest closed epoch");
        foreach (NodeReport node in histories ? report.Nodes : [])
        {
            WriteHistory(output, node);
        }

        output.Table(
            ["check", "passed", "failed", "no answer", "lost", "validator's fault"],
            report.Checks.Select(static check => (IReadOnlyList<string>)[check.Name, Text(check.Passed), Text(check.Failed), Text(check.Unavailable), Text(check.Lost), Text(check.ValidatorError)]),
            "Checks by outcome");
        output.Table(
            ["epoch", "evidence", "tier 0", "tier 1", "tier 2", "tier 3", "audited", "skipped", "chosen by the seed", "validator's faults", "caught"],
            report.Epochs.Select(static epoch => (IReadOnlyList<string>)
            [
                Text(epoch.Number) + (epoch.EndedAt is null ? " (runs)" : ""),
                Text(epoch.Challenges),
                Text(epoch.Tier0),
                Text(epoch.Tier1),
                Text(epoch.Tier2),
                Text(epoch.Tier3),
                Text(epoch.Chosen),
                Text(epoch.Skipped),
                epoch.ChoiceFollows switch
                {
                    true => "as revealed",
                    false => "NOT as revealed",
                    null => "not revealed yet",
                },
                Text(epoch.ValidatorErrors),
                Text(epoch.Caught),
            ]),
            "Epochs");
        output.Line(report.BanNotice);
    }

    private static void WriteHistory(Output output, NodeReport node)
    {
        output.Table(
            ["epoch", "score", "standing", "answered", "tokens", "first token, ms", "tokens/s", "evidence, nats", "why points were lost, checks that did not pass"],
            node.History.Select(static epoch => (IReadOnlyList<string>)
            [
                Text(epoch.Epoch),
                epoch.ScorePpm is null ? "runs" : Share(epoch.ScorePpm) + (epoch.Carried ? " (carried)" : ""),
                epoch.Standing ?? "",
                $"{Text(epoch.Answered)} of {Text(epoch.Due)}",
                $"{Text(epoch.VerifiedTokens)} of {Text(epoch.AnsweredTokens)}",
                epoch.FirstTokenMicros is { } first ? (first / 1e3).ToString("0.0", CultureInfo.InvariantCulture) : "",
                epoch.TokensPerKilosecond is { } rate ? (rate / 1e3).ToString("0.0", CultureInfo.InvariantCulture) : "",
                Nats(epoch.EvidenceMicro),
                string.Join("\n", epoch.Losses.Select(static loss => $"{loss.Check} -{Share(loss.LostPpm)}: {loss.Why}")
                    .Concat(epoch.Failures.Where(failure => epoch.Losses.All(loss => loss.Check != failure.Check)).Select(static failure => $"{failure.Check} {failure.Count} times{(failure.Fault == FaultOf.Validator ? ", the validator's own fault" : "")}"))),
            ]),
            node.Name);
        foreach (NodeEventReport happened in node.Events)
        {
            output.Line($"epoch {Text(happened.Epoch)}: {happened.Kind}: {happened.Reason}: {happened.Detail}{(happened.Proof is { } proof ? $" Proof: {proof}" : "")}");
        }
    }

    private static string Share(long? ppm) => ppm is { } value ? (value / 1e6).ToString("0.000", CultureInfo.InvariantCulture) : "";

    private static string Nats(long micro) => (micro / 1e6).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
