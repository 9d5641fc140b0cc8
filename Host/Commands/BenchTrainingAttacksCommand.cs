using System.CommandLine;
using System.Globalization;
using Verathos.Bench.TrainingAttacks;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench training-attacks</c>: bad workers against every aggregator and against the whole judge.</summary>
internal static class BenchTrainingAttacksCommand
{
    private const string Page = "docs/training-attacks.md";

    public static Command Create()
    {
        Command command = new("training-attacks", "Train twenty workers of which some are bad: what each attack does to each aggregator, who is caught by which check, and what the bad earn");
        Option<string?> attack = new("--attack") { Description = $"Only this attack: none, {string.Join(", ", AttackNames.Attacks.Select(entry => entry.Name))}" };
        Option<double?> fraction = new("--fraction") { Description = "Only this share of bad workers, 0 to 0.45 (default: 0.1, 0.2, 0.3 and 0.4)" };
        Option<string?> aggregator = new("--aggregator") { Description = $"Only this aggregator: {string.Join(", ", AttackNames.Aggregators.Select(entry => entry.Name))}; default is the whole judge" };
        Option<int?> seed = new("--seed") { Description = "Only this seed (default: 1, 2 and 3); with all four of these, one cell is run and printed" };
        Option<int> rounds = new("--rounds") { Description = "Rounds of a cell; cells of the table have 100", DefaultValueFactory = static _ => AttackBench.Rounds };
        Option<int> threads = new("--threads") { Description = "Cells side by side, each on one thread", DefaultValueFactory = static _ => 2 };
        Option<string> cells = new("--cells") { Description = "The file that keeps finished cells, which are not run again", DefaultValueFactory = static _ => "docs/training-attacks.jsonl" };
        Option<bool> resume = new("--resume") { Description = "Go on with the file of cells as it is; without this a file that is there is an error" };
        Option<double?> minutes = new("--minutes") { Description = "Begin no further cell after so many minutes" };
        Option<bool> table = new("--table-only") { Description = "Run nothing, and make the table of the file of cells" };
        Option<bool> write = new("--write") { Description = $"Put the table into {Page}" };
        foreach (Option option in (Option[])[attack, fraction, aggregator, seed, rounds, threads, cells, resume, minutes, table, write])
        {
            command.Options.Add(option);
        }

        command.SetVerb(async (context, token) =>
        {
            int? bad = Bad(context.Value(fraction));
            string? named = Known(context.Value(attack), [AttackNames.None, .. AttackNames.Attacks.Select(entry => entry.Name)], "--attack");
            string? by = Known(context.Value(aggregator), [.. AttackNames.Aggregators.Select(entry => entry.Name)], "--aggregator");
            if (context.Value(rounds) < 1 || context.Value(threads) < 1 || context.Value(minutes) is <= 0)
            {
                throw new CommandException(ExitCode.Usage, "--rounds, --threads and --minutes take numbers above 0");
            }

            if (named is not null && bad is not null && by is not null && context.Value(seed) is { } only)
            {
                return await CellAsync(context, new AttackCell(bad == 0 ? AttackNames.None : named, named == AttackNames.None ? 0 : bad.Value, by, only), context.Value(rounds), token).ConfigureAwait(false);
            }

            AttackOptions options = new()
            {
                Rounds = context.Value(rounds),
                Threads = context.Value(threads),
                Cells = context.Value(cells)!,
                Attacks = named is null ? [] : [named],
                Aggregators = by is null ? [] : [by],
                Bad = bad is { } number ? [number] : [],
                Seeds = context.Value(seed) is { } one ? [one] : [],
                Time = context.Value(minutes) is { } time ? TimeSpan.FromMinutes(time) : null,
            };
            return await TableAsync(context, options, context.Value(resume), context.Value(table), context.Value(write), token).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> CellAsync(VerbContext context, AttackCell cell, int rounds, CancellationToken token)
    {
        AttackResult result = await WorkProgress.RunAsync(context.Output, progress => Task.Run(() => AttackBench.Run(cell, rounds, progress, token), token)).ConfigureAwait(false)
            ?? throw new OperationCanceledException(token);
        if (context.Json)
        {
            context.Output.WriteJson(result);
            return ExitCode.Accepted;
        }

        context.Output.Table(
            ["attack", "bad", "aggregator", "seed", "rounds", "loss before", "final loss", "backdoor", "processor seconds"],
            [[
                cell.Attack, Number(cell.Bad), cell.Aggregator, Number(cell.Seed), Number(result.Rounds), Number(result.StartLoss, "0.0000"),
                result.FinalLoss is { } loss ? Number(loss, "0.0000") : "no number", result.Backdoor is { } likely ? Number(likely, "0.0000") : "-", Number(result.Seconds, "0.0"),
            ]]);
        if (result.HonestUnits.Count > 0)
        {
            context.Output.Table(
                ["", "check", "contributions", "workers", "first round", "last round"],
                [
                    .. result.Caught.Select(caught => Row("bad", caught)),
                    .. result.Mistakes.Select(caught => Row("honest", caught)),
                ],
                $"Left out; {result.BadContributions - result.BadAccepted} of {result.BadContributions} bad and {result.Mistakes.Sum(mistake => mistake.Count)} of {result.HonestContributions} honest contributions");
            context.Output.Line($"The best paid of the bad earned {(result.MostEarned is { } most ? Number(100 * most, "0.0") + " %" : "nothing, as nothing was paid,")} of an honest worker's mean.");
        }

        return ExitCode.Accepted;
    }

    private static async Task<ExitCode> TableAsync(VerbContext context, AttackOptions options, bool resume, bool tableOnly, bool write, CancellationToken token)
    {
        if (!resume && !tableOnly && File.Exists(options.Cells))
        {
            throw new CommandException(ExitCode.Usage, $"{options.Cells} is there: go on with it by --resume, or name another by --cells");
        }

        if (write && !File.Exists(Page))
        {
            throw new CommandException(ExitCode.Usage, $"--write changes {Page} in the current folder, which is not there");
        }

        AttackReport report;
        try
        {
            IReadOnlyList<AttackResult> results = tableOnly
                ? AttackBench.Read(options)
                : await WorkProgress.RunAsync(context.Output, progress => Task.Run(() => AttackBench.Run(options with { Progress = progress }, token), CancellationToken.None)).ConfigureAwait(false);
            report = new AttackReport(AttackBench.Plan(options), results);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new CommandException(ExitCode.Failed, e.Message, e);
        }

        if (write)
        {
            await File.WriteAllTextAsync(Page, AttackMarkdown.Replace(await File.ReadAllTextAsync(Page, CancellationToken.None).ConfigureAwait(false), report), CancellationToken.None).ConfigureAwait(false);
        }

        if (context.Json)
        {
            context.Output.WriteJson(new { cells = report.Plan.Count, run = report.Results.Count, broken = report.Broken, results = report.Results });
        }
        else
        {
            context.Output.Text(AttackMarkdown.Write(report));
        }

        token.ThrowIfCancellationRequested();
        return report.Broken.Count == 0 ? ExitCode.Accepted : ExitCode.Failed;
    }

    private static int? Bad(double? fraction)
    {
        if (fraction is not { } share)
        {
            return null;
        }

        int bad = (int)Math.Round(share * AttackBench.Workers);
        return share is >= 0 and <= 0.45 && Math.Abs((share * AttackBench.Workers) - bad) < 1e-9
            ? bad
            : throw new CommandException(ExitCode.Usage, "--fraction takes a share of twenty workers from 0 to 0.45, such as 0.3");
    }

    private static string? Known(string? name, IReadOnlyList<string> names, string option) => name is null || names.Contains(name)
        ? name
        : throw new CommandException(ExitCode.Usage, $"{option} takes one of {string.Join(", ", names)}");

    private static IReadOnlyList<string> Row(string who, AttackCaught caught) =>
        [who, caught.Check, Number(caught.Count), Number(caught.Workers), Number(caught.First), Number(caught.Last)];

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
