using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Verathos.Bench.Detection;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.GpuRuntime.Formats;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench detection</c>: which test sees which cheat how fast, and that none sees an honest node.</summary>
internal static class BenchDetectionCommand
{
    private const string Worker = "detection-worker";
    private const string RandomName = "random-135m";

    public static Command Create()
    {
        Command command = new("detection", "Attacks on the running model, each against every test; honest runs under many conditions; forged sketches; the largest change that passes");
        Option<string[]> models = new("--model") { Description = $"A model, or {RandomName} for one of SmolLM2-135M's shape with random weights; may be given several times (default: the demonstration model)", DefaultValueFactory = static _ => [] };
        Option<int> seed = Seed();
        Option<int> count = Count();
        Option<long> openings = new("--openings") { Description = "Honest openings of a model; 0 chooses by its size" };
        Option<long> forgeries = new("--forgeries") { Description = "Forged sketches of a model; 0 chooses by its size" };
        Option<string[]> attacks = new("--attack") { Description = $"Only this one, and no honest runs; may be given several times: {string.Join(", ", DetectionBench.AttackNames.Select(static attack => attack.Name))}", DefaultValueFactory = static _ => [] };
        Option<string[]> earlier = new("--report") { Description = "A result of --json to join with what is measured now; may be given several times, and without --model nothing is measured", DefaultValueFactory = static _ => [] };
        Option<string?> write = new("--write") { Description = "Write the report as Markdown here, for example docs/detection.md" };
        Option<string?> policies = new("--policies") { Description = "Merge limits and likelihood tables into limits.json and likelihoods.json of this folder, for example policies/fingerprints" };
        foreach (Option option in (ReadOnlySpan<Option>)[models, seed, count, openings, forgeries, attacks, earlier, write, policies])
        {
            command.Options.Add(option);
        }

        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 0 || context.Value(openings) < 0 || context.Value(forgeries) < 0)
            {
                throw new CommandException(ExitCode.Usage, "--count, --openings and --forgeries take a number of at least 0");
            }

            if (context.Value(attacks)!.FirstOrDefault(static name => !DetectionBench.AttackNames.Any(attack => attack.Name == name)) is string unknown)
            {
                throw new CommandException(ExitCode.Usage, $"--attack does not know {unknown}; it takes {string.Join(", ", DetectionBench.AttackNames.Select(static attack => attack.Name))}");
            }

            string[] named = context.Value(models)!;
            List<DetectionReport> reports = [.. context.Value(earlier)!.SelectMany(Read)];
            foreach (string? model in named.Length == 0 && reports.Count == 0 ? (string?[])[null] : named)
            {
                DetectionOptions options = new()
                {
                    Model = Resolve(model),
                    Seed = context.Value(seed),
                    Count = context.Value(count),
                    Openings = context.Value(openings),
                    Forgeries = context.Value(forgeries),
                    Attacks = context.Value(attacks)!,
                    WorkerCommand = [.. BenchCommand.Program(), "bench", Worker],
                };
                try
                {
                    reports.Add(await WorkProgress.RunAsync(
                        context.Output, progress => Task.Run(() => DetectionBench.Run(options with { Progress = (what, done, of) => progress($"{Path.GetFileName(options.Model)}: {what}", done, of) }, token), token)).ConfigureAwait(false));
                }
                catch (Exception e) when (e is NotSupportedException or ModelFormatException or InvalidOperationException)
                {
                    throw new CommandException(ExitCode.Failed, $"{options.Model}: {e.Message}", e);
                }
            }

            if (context.Value(policies) is { } folder)
            {
                MergePolicies(folder, reports);
            }

            if (context.Value(write) is { } path)
            {
                await File.WriteAllTextAsync(path, DetectionMarkdown.Write(reports), new UTF8Encoding(false), token).ConfigureAwait(false);
            }

            Write(context.Output, reports);
            return reports.TrueForAll(static report => report.Holds) ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static IReadOnlyList<DetectionReport> Read(string path)
    {
        try
        {
            return DetectionResult.Parse(File.ReadAllBytes(path)).Reports;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new CommandException(ExitCode.Usage, $"--report takes a file that bench detection --json wrote, and {path} is none", e);
        }
    }

    /// <summary>The process that the bench starts for honest runs under other instructions.</summary>
    public static Command CreateWorker()
    {
        Command command = new(Worker, "Honest runs of the detection bench as JSON") { Hidden = true };
        Option<string> model = new("--model") { Required = true };
        Option<string> limits = new("--limits") { Required = true };
        Option<int> seed = Seed();
        Option<int> count = Count();
        foreach (Option option in (ReadOnlySpan<Option>)[model, limits, seed, count])
        {
            command.Options.Add(option);
        }

        command.SetVerb((context, token) =>
        {
            if (!LimitTable.TryParse(File.ReadAllBytes(context.Value(limits)!), out LimitTable? table, out string? error))
            {
                throw new CommandException(error);
            }

            DetectionOptions options = new() { Model = context.Value(model)!, Seed = context.Value(seed), Count = context.Value(count) };
            Console.Out.WriteLine(HonestRuns.RunConditions(options, table, token));
            return Task.FromResult(ExitCode.Accepted);
        });
        return command;
    }

    private static Option<int> Seed() => new("--seed") { Description = "Chooses prompts, draws, keys and positions; the same seed gives the same counts", DefaultValueFactory = static _ => 1 };

    private static Option<int> Count() => new("--count") { Description = "Answers of each attack; 0 chooses by the model's size" };

    private static string Resolve(string? model) =>
        model is not null && (model == RandomName || model.StartsWith(RandomName + ':', StringComparison.Ordinal)) ? model : ModelPath.Resolve(model);

    private static void MergePolicies(string folder, IReadOnlyList<DetectionReport> reports)
    {
        Directory.CreateDirectory(folder);
        (string limitsPath, string tablesPath) = (Path.Combine(folder, "limits.json"), Path.Combine(folder, "likelihoods.json"));
        LimitTable? limits = null;
        LikelihoodTables? tables = null;
        string? error = null;
        if ((File.Exists(limitsPath) && !LimitTable.TryParse(File.ReadAllBytes(limitsPath), out limits, out error))
            || (File.Exists(tablesPath) && !LikelihoodTables.TryParse(File.ReadAllBytes(tablesPath), out tables, out error)))
        {
            throw new CommandException($"{folder}: {error}; remove the file to begin anew");
        }

        foreach (DetectionReport report in reports)
        {
            (limits, tables) = (report.Calibration.MergeInto(limits), report.Calibration.MergeInto(tables));
        }

        File.WriteAllBytes(limitsPath, [.. limits!.ToJson(), (byte)'\n']);
        File.WriteAllBytes(tablesPath, [.. tables!.ToJson(), (byte)'\n']);
    }

    private static void Write(Output output, IReadOnlyList<DetectionReport> reports)
    {
        if (output.Json)
        {
            output.WriteJson(new DetectionResult(reports));
            return;
        }

        foreach (DetectionReport report in reports)
        {
            output.Table(
                ["attack", "openings", "rejected", "rows", "residuals", "attention", "sampler", "until caught, median and 99 %", "exact T2 and T3, least and most", "in binary32, most"],
                report.Attacks.Select(static attack => (IReadOnlyList<string>)
                [
                    attack.Attack, Number(attack.Of("T1")!.Tried), Number(attack.Of("T1")!.Caught), Number(attack.Of("T1 secret rows")!.Caught), Number(attack.Of("T1 residuals")!.Caught),
                    Number(attack.Of("T1 attention")!.Caught), Number(attack.Of("T1 sampler")!.Caught), DetectionMarkdown.Until(attack.Of("T1")!),
                    DetectionMarkdown.Range(attack.Rows.Where(static row => row.Test.StartsWith("T2", StringComparison.Ordinal) && row.Test.EndsWith("exact", StringComparison.Ordinal) || row.Test.StartsWith("T3", StringComparison.Ordinal))),
                    DetectionMarkdown.Range(attack.Rows.Where(static row => row.Test.EndsWith(", f32", StringComparison.Ordinal))),
                ]),
                $"{report.Model} ({report.Shape}), {report.Profile}, seed {report.Seed}");
            if (report.Honest is { } honest)
            {
                output.Line(string.Create(CultureInfo.InvariantCulture, $"Honest: {honest.Layers} layers and {honest.Logits} rows of logits opened, {honest.Alarms} alarms (95 % bound {honest.Bound:0.0E0}), greatest residual {honest.GreatestShare:0.00} of its limit."));
            }

            if (report.Forgeries.Count > 0)
            {
                output.Line(string.Create(CultureInfo.InvariantCulture, $"Forged sketches: {report.Forgeries.Sum(static row => row.Passed)} of {report.Forgeries.Sum(static row => row.Tried)} passed; the nearest was {report.Forgeries.Min(static row => row.Nearest / row.Limit):0} times the limit away."));
            }

            foreach (ToleranceRow row in report.Tolerance.GroupBy(static row => row.Kind).Select(static kind => kind.Last()))
            {
                output.Line(string.Create(CultureInfo.InvariantCulture, $"Largest that passes: {row.Kind}: {row.Size:G3}, {row.Passed} of {row.Openings} openings passed, {row.Flips} of {row.Steps} greedy tokens changed."));
            }

            output.Line(report.Holds ? "Everything holds." : "NOT as it must be: " + string.Join("; ", report.Failures));
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
