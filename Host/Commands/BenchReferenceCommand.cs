using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Architectures;
using Verathos.Bench.Peers;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Native;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench reference</c>: random models of every architecture and stored type, beside llama.cpp.</summary>
internal static class BenchReferenceCommand
{
    public static Command Create()
    {
        Command command = new("reference", "Random models of every architecture and stored type: this engine beside llama.cpp, id by id");
        Option<int> seed = new("--seed") { Description = "Chooses weights and prompts", DefaultValueFactory = _ => 1 };
        Option<string?> only = new("--only") { Description = "Only cases whose name contains this" };
        Option<string?> golden = new("--golden") { Description = "Also write llama.cpp's answers to this file; the tests compare with such a file" };
        Option<string?> kept = new("--kept") { Description = "Do not ask llama.cpp: compare --profile with its answers in this file, which --golden wrote" };
        Option<string> profile = new("--profile") { Description = "The numeric profile that --kept compares", DefaultValueFactory = _ => NumericProfile.F32.Name };
        command.Options.Add(seed);
        command.Options.Add(only);
        command.Options.Add(golden);
        command.Options.Add(kept);
        command.Options.Add(profile);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(kept) is { } file)
            {
                return Compare(context.Output, file, ModelLoading.Profile(context.Value(profile)!), context.Value(only), token);
            }

            ReferenceReport report;
            try
            {
                report = await ReferenceBench.RunAsync(context.Value(seed), context.Value(only), context.Value(golden), context.Output.Note, token).ConfigureAwait(false);
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }

            if (report.Rows.Count == 0)
            {
                throw new CommandException(ExitCode.Usage, $"no case's name contains {context.Value(only)}");
            }

            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static ExitCode Compare(Output output, string file, NumericProfile profile, string? only, CancellationToken token)
    {
        if (!File.Exists(file))
        {
            throw new CommandException(ExitCode.Usage, $"there is no file {file}");
        }

        KeptReport report;
        try
        {
            report = KeptComparison.Run(file, profile, only, output.Note, token);
        }
        catch (NativeRuntimeException e)
        {
            throw new CommandException(ExitCode.Unsupported, e.Message, e);
        }

        if (output.Json)
        {
            output.WriteJson(report);
        }
        else
        {
            output.Table(
                ["case", "from llama.cpp", "allowed", "from f32", "same ids"],
                report.Rows.Select(static row => (IReadOnlyList<string>)[row.Name, Number(row.Difference), Number(row.Tolerance), Number(row.FromF32), $"{row.Greedy} of {row.Positions}"]),
                $"{report.Profile}: greatest difference of the logarithm of a probability, beside {report.Peer}");
        }

        return report.Within ? ExitCode.Accepted : ExitCode.Failed;
    }

    private static void Write(Output output, ReferenceReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["case", "f32 from llama.cpp", "allowed", "same ids", "folder from GGUF", "bf16 from f32", "bf16-lane16 from f32", ""],
            report.Rows.Select(row => (IReadOnlyList<string>)
            [
                row.Name,
                Number(row.Difference),
                Number(row.Tolerance),
                $"{row.Greedy} of {row.Positions}",
                Number(row.Folder),
                Number(row.Bf16),
                Number(row.Lane16),
                row.Passed ? "passed" : "failed",
            ]),
            $"Greatest difference of the logarithm of a probability, seed {report.Seed.ToString(CultureInfo.InvariantCulture)}, beside {report.Peer}");
    }

    private static string Number(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);
}
