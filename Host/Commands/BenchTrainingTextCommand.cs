using System.CommandLine;
using System.Globalization;
using Verathos.Bench.TrainingText;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench training-text</c>: workers in rounds on real text, beside one machine alone.</summary>
internal static class BenchTrainingTextCommand
{
    public static Command Create()
    {
        TrainingTextOptions defaults = new() { Verses = [] };
        Command command = new("training-text", "Train on real text in rounds of compressed gradients, beside a plain run on one machine with the same budget: held-out losses");
        Option<int> seed = new("--seed") { Description = "Chooses weights, keys, beacons and secrets", DefaultValueFactory = _ => defaults.Seed };
        Option<int> workers = new("--workers") { Description = "Workers", DefaultValueFactory = _ => defaults.Workers };
        Option<int> rounds = new("--rounds") { Description = "Rounds", DefaultValueFactory = _ => defaults.Rounds };
        Option<int> inner = new("--inner-steps") { Description = "Inner steps of a round", DefaultValueFactory = _ => defaults.InnerSteps };
        Option<int> rows = new("--rows") { Description = "Rows of 128 tokens of a worker's inner step", DefaultValueFactory = _ => defaults.Rows };
        Option<int> vocabulary = new("--vocabulary") { Description = "Tokens of the vocabulary: 259 are bytes alone, more are learned from the text", DefaultValueFactory = _ => defaults.Vocabulary };
        Option<int> warmup = new("--warmup-rounds") { Description = "Rounds in which the learning rate rises", DefaultValueFactory = _ => defaults.WarmupRounds };
        Option<double> rate = new("--rate") { Description = "Highest learning rate of the workers", DefaultValueFactory = _ => defaults.Rate };
        Option<double> final = new("--final-rate") { Description = "The learning rate at the end as a share of the highest, for workers and the plain run", DefaultValueFactory = _ => defaults.FinalRate };
        Option<double> outer = new("--outer-rate") { Description = "By how much a round's aggregate moves the model", DefaultValueFactory = _ => defaults.OuterRate };
        Option<double> plain = new("--plain-rate") { Description = "Highest learning rate of the plain run", DefaultValueFactory = _ => defaults.PlainRate };
        Option<int> threads = new("--threads") { Description = "Threads of the arithmetic; changes no loss", DefaultValueFactory = _ => defaults.Threads };
        Option<string?> package = new("--package") { Description = $"A .deb of {PublicText.Package} that was fetched otherwise (default: the installed one, else apt-get fetches it)" };
        Option<string?> cache = new("--cache") { Description = "Where the package is unpacked (default: verathos in the user's cache folder)" };
        command.Options.Add(seed);
        command.Options.Add(workers);
        command.Options.Add(rounds);
        command.Options.Add(inner);
        command.Options.Add(rows);
        command.Options.Add(vocabulary);
        command.Options.Add(warmup);
        command.Options.Add(rate);
        command.Options.Add(final);
        command.Options.Add(outer);
        command.Options.Add(plain);
        command.Options.Add(threads);
        command.Options.Add(package);
        command.Options.Add(cache);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(workers) is < 4 or > 64 || context.Value(rounds) is < 1 or > 100_000 || context.Value(inner) is < 1 or > 1000 || context.Value(threads) < 1
                || context.Value(rows) is < 1 or > 1024 || context.Value(warmup) is < 0 or > 100_000 || context.Value(vocabulary) is < 259 or > 65_536)
            {
                throw new CommandException(ExitCode.Usage, "--workers takes a number from 4 to 64 (the gate cannot compare fewer), --rounds, --inner-steps, --rows and --threads one of at least 1, --warmup-rounds one of at least 0, --vocabulary one of at least 259");
            }

            if (!(context.Value(rate) is > 0 and <= 1 && context.Value(plain) is > 0 and <= 1 && context.Value(outer) is > 0 and <= 100 && context.Value(final) is >= 0 and <= 1))
            {
                throw new CommandException(ExitCode.Usage, "--rate and --plain-rate take a number above 0 up to 1, --outer-rate one up to 100, --final-rate one from 0 to 1");
            }

            TrainingTextReport report;
            try
            {
                IReadOnlyList<string> verses = await PublicText.ReadAsync(context.Value(cache) ?? CacheFolder(), context.Value(package), token).ConfigureAwait(false);
                report = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                    () => TrainingTextBench.Run(
                        defaults with
                        {
                            Verses = verses,
                            Seed = context.Value(seed),
                            Workers = context.Value(workers),
                            Rounds = context.Value(rounds),
                            InnerSteps = context.Value(inner),
                            Rows = context.Value(rows),
                            Vocabulary = context.Value(vocabulary),
                            WarmupRounds = context.Value(warmup),
                            Rate = context.Value(rate),
                            FinalRate = context.Value(final),
                            OuterRate = context.Value(outer),
                            PlainRate = context.Value(plain),
                            Threads = context.Value(threads),
                            Progress = progress,
                        },
                        token),
                    token)).ConfigureAwait(false);
            }
            catch (PublicTextException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }

            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static string CacheFolder() => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "verathos");

    private static void Write(Output output, TrainingTextReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["", "tokens", "held-out loss", "of the start", "seconds"],
            [
                ["start", "0", Loss(report.Start), "100.0 %", ""],
                ["one machine, plain, in steps of all workers' rows", Count(report.PlainTokens), Loss(report.Plain), Share(report.Plain / report.Start), Seconds(report.PlainSeconds)],
                ["the same in steps of one worker's rows", Count(report.SmallStepsTokens), Loss(report.SmallSteps), Share(report.SmallSteps / report.Start), ""],
                [$"{report.Workers} workers, {report.Rounds} rounds", Count(report.TrainedTokens), Loss(report.Final), Share(report.Final / report.Start), Seconds(report.Seconds)],
            ],
            string.Create(CultureInfo.InvariantCulture, $"{report.Parameters} weights, a vocabulary of {report.Vocabulary}, {report.Characters} characters ({report.CorpusTokens} tokens) of the World English Bible, {report.FinalTokens} held-out tokens, seed {report.Seed}, {report.Profile}"));
        output.Line(string.Create(CultureInfo.InvariantCulture,
            $"Above the plain run: {100 * report.Above:0.00} % (at most {100 * TrainingTextReport.MostAbove:0} %: {(report.Above <= TrainingTextReport.MostAbove ? "holds" : "DOES NOT HOLD")}). Below the start: {100 * report.Fall:0.0} % (at least {100 * TrainingTextReport.LeastFall:0} %: {(report.Fall >= TrainingTextReport.LeastFall ? "holds" : "DOES NOT HOLD")})."));
        output.Line(string.Create(CultureInfo.InvariantCulture,
            $"{report.InnerSteps} inner steps of {report.Rows} rows a round; a contribution has {report.ContributionBytes} bytes, {report.Compression:0.0} times fewer than in binary32."));
        output.Line($"Contributions that were not taken: {(report.NotTaken.Count == 0 ? "none" : string.Join(", ", report.NotTaken.Select(static pair => $"{pair.Value} {pair.Key}")))}.");
    }

    private static string Loss(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(double value) => (100 * value).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Seconds(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
