using System.CommandLine;
using System.Globalization;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator calibrate</c>: measures a model's limits and likelihood tables on this machine.</summary>
internal static class ValidatorCalibrateCommand
{
    public static Command Create()
    {
        Option<string?> model = new("--model") { Description = "The model (default: the demonstration model)" };
        Option<string> limits = new("--limits") { Description = "The file of limits to add to", DefaultValueFactory = _ => "limits.json" };
        Option<string> likelihoods = new("--likelihoods") { Description = "The file of likelihood tables to add to", DefaultValueFactory = _ => "likelihoods.json" };
        Option<int> seed = new("--seed") { Description = "Chooses prompts, draws and keys", DefaultValueFactory = _ => 1 };
        Option<int> answers = new("--answers") { Description = "Answers of each condition", DefaultValueFactory = _ => 8 };
        Command command = new("calibrate", "Measure what honest nodes of the served profile show of a model, and write its limits and likelihood tables")
        {
            model, limits, likelihoods, seed, answers,
        };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            if (context.Value(answers) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--answers takes a number of at least 1");
            }

            string path = ModelPath.Resolve(context.Value(model));
            LimitTable? oldLimits = await ReadLimitsAsync(context.Value(limits)!, token).ConfigureAwait(false);
            LikelihoodTables? oldTables = await ReadTablesAsync(context.Value(likelihoods)!, token).ConfigureAwait(false);
            CalibrationResult result = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () => Calibration.Run(path, new CalibrationOptions { Seed = context.Value(seed), Answers = context.Value(answers) }, progress, token), token)).ConfigureAwait(false);
            await ReplaceAsync(context.Value(limits)!, result.MergeInto(oldLimits).ToJson(), token).ConfigureAwait(false);
            await ReplaceAsync(context.Value(likelihoods)!, result.MergeInto(oldTables).ToJson(), token).ConfigureAwait(false);
            if (context.Json)
            {
                context.Output.WriteJson(new
                {
                    model = result.Model,
                    root = result.ManifestRoot,
                    profiles = result.Limits.Select(static entry => entry.Profile),
                    tables = result.Tables.Select(static table => table.Test),
                    openings = result.Openings,
                    alarms = result.Alarms,
                    limits = context.Value(limits),
                    likelihoods = context.Value(likelihoods),
                });
            }
            else
            {
                context.Output.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Model} ({result.ManifestRoot[..16]}): limits in {string.Join(", ", result.Limits.Select(static entry => entry.Profile))}, {result.Tables.Count} likelihood tables; {result.Alarms} of {result.Openings} honest openings rejected."));
                context.Output.Line($"Written to {context.Value(limits)} and {context.Value(likelihoods)}.");
            }

            return ExitCode.Accepted;
        }));
        return command;
    }

    private static async Task<LimitTable?> ReadLimitsAsync(string path, CancellationToken stop)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        return LimitTable.TryParse(await File.ReadAllBytesAsync(path, stop).ConfigureAwait(false), out LimitTable? table, out string? error) ? table : throw new InvalidDataException($"{path}: {error}");
    }

    private static async Task<LikelihoodTables?> ReadTablesAsync(string path, CancellationToken stop)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        return LikelihoodTables.TryParse(await File.ReadAllBytesAsync(path, stop).ConfigureAwait(false), out LikelihoodTables? tables, out string? error) ? tables : throw new InvalidDataException($"{path}: {error}");
    }

    private static async Task ReplaceAsync(string path, byte[] json, CancellationToken stop)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await File.WriteAllBytesAsync(full + ".partial", json, stop).ConfigureAwait(false);
        File.Move(full + ".partial", full, overwrite: true);
    }
}
