using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Peers;
using Verathos.Bench.TrainingFaults;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench training-faults</c>: members of a training run killed at random points, beside a run that was left alone.</summary>
internal static class BenchTrainingFaultsCommand
{
    public static Command Create()
    {
        Command command = new("training-faults", "Kill coordinator, workers and validator of a training run with SIGKILL at random points, and compare models and records bit for bit with a run left alone");
        Option<int> rounds = new("--rounds") { Description = "Rounds of a run", DefaultValueFactory = static _ => 50 };
        Option<int> seed = new("--seed") { Description = "Seed of kills and missed rounds", DefaultValueFactory = static _ => 1 };
        Option<int> workers = new("--workers") { Description = "Workers, 4 or more; 3 where no round is missed", DefaultValueFactory = static _ => 4 };
        Option<double> share = new("--replay-share") { Description = "The share of contributions of which a step is replayed", DefaultValueFactory = static _ => 0.5 };
        Option<double> between = new("--between") { Description = "Seconds between kills, in the mean", DefaultValueFactory = static _ => 2 };
        Option<int> perRound = new("--per-round") { Description = "The most kills in a round", DefaultValueFactory = static _ => 2 };
        Option<int> missed = new("--missed") { Description = "Rounds that a worker is kept down in, in a second pair of runs; 0 leaves it out", DefaultValueFactory = static _ => 2 };
        Option<double> deadline = new("--deadline") { Description = "Seconds to the deadline of commitments in the second pair", DefaultValueFactory = static _ => 30 };
        Option<string?> folder = new("--folder") { Description = "A folder for runs and logs, which stay there (default: one that goes)" };
        foreach (Option option in (Option[])[rounds, seed, workers, share, between, perRound, missed, deadline, folder])
        {
            command.Options.Add(option);
        }

        command.SetVerb(async (context, token) =>
        {
            if (context.Value(rounds) is < 1 or > 10_000 || context.Value(workers) is < 3 or > 16 || (context.Value(workers) < 4 && context.Value(missed) > 0) || context.Value(share) is not (>= 0 and <= 1) || !(context.Value(between) > 0) || context.Value(missed) < 0 || !(context.Value(deadline) > 0)
                || context.Value(missed) > Math.Max(0, context.Value(rounds) - 2))
            {
                throw new CommandException(ExitCode.Usage, "--rounds takes 1 to 10000, --workers 4 to 16 or 3 without --missed, --replay-share 0 to 1, --between and --deadline seconds above 0, --missed at most two less than the rounds");
            }

            string? kept = context.Value(folder);
            string used = kept ?? Directory.CreateTempSubdirectory("verathos-faults-").FullName;
            try
            {
                FaultReport report = await WorkProgress.RunAsync(context.Output, progress => FaultBench.RunAsync(
                    new FaultOptions
                    {
                        Program = [.. BenchCommand.Program()],
                        Folder = used,
                        Rounds = context.Value(rounds),
                        Seed = context.Value(seed),
                        Workers = context.Value(workers),
                        ReplayShare = context.Value(share),
                        Between = context.Value(between),
                        PerRound = Math.Max(1, context.Value(perRound)),
                        Missed = context.Value(missed),
                        Deadline = context.Value(deadline),
                        Progress = progress,
                    },
                    token)).ConfigureAwait(false);
                Write(context.Output, report);
                return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
            }
            catch (ReferenceException exception)
            {
                throw new CommandException(ExitCode.Failed, exception.Message, exception);
            }
            finally
            {
                if (kept is null)
                {
                    Directory.Delete(used, recursive: true);
                }
            }
        });
        return command;
    }

    private static void Write(Output output, FaultReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        (string Name, FaultPair Pair)[] pairs = [("all return", report.Returned), .. report.Missed is { } missed ? [("deadlines missed", missed)] : ((string, FaultPair)[])[]];
        output.Table(
            ["", .. pairs.Select(static pair => pair.Name)],
            [
                Row("seconds, left alone", static pair => Text(pair.QuietSeconds)),
                Row("seconds, killed", static pair => Text(pair.Seconds)),
                Row("kills", static pair => string.Join(", ", pair.Kills.Select(static kill => $"{kill.Key} {kill.Value}"))),
                Row("killed in", static pair => string.Join(", ", pair.KilledIn.Select(static kill => $"{kill.Key} {kill.Value}"))),
                Row("rounds missed", static pair => string.Join(", ", pair.MissedRounds.Select(static miss => $"{miss.Round} by worker {miss.Worker}"))),
                Row("final models", static pair => pair.ModelsEqual ? "the same bits" : "differ"),
                Row("records alike", static pair => $"{pair.RecordsEqual} of {pair.Records}"),
                Row("outcomes alike", static pair => $"{pair.OutcomesEqual} of {pair.Outcomes}"),
                Row("steps replayed", static pair => string.Join(", ", pair.Replays.Select(static replay => $"{replay.Key} {replay.Value}"))),
                Row("held-out loss", static pair => $"{Text(pair.FirstLoss)} to {Text(pair.LastLoss)}"),
                Row("differences", static pair => string.Join("; ", pair.Differences)),
            ],
            string.Create(CultureInfo.InvariantCulture, $"{report.Rounds} rounds, {report.Workers} workers, {report.Parameters:N0} parameters, seed {report.Seed}"));

        IReadOnlyList<string> Row(string name, Func<FaultPair, string> cell) => [name, .. pairs.Select(pair => cell(pair.Pair))];
    }

    private static string Text(double? value) => value?.ToString("0.0##", CultureInfo.InvariantCulture) ?? "";
}
