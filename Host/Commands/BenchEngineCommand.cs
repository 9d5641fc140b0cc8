using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Engine;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench engine</c>: the engine's speed and memory beside llama.cpp.</summary>
internal static class BenchEngineCommand
{
    internal const string Worker = "engine-worker";

    public static Command Create()
    {
        Command command = new("engine", "Time to first token, prefill, decode, throughput at 8 and 32, and memory, beside llama.cpp (npm node-llama-cpp)");
        Option<int> pairs = new("--pairs") { Description = "Interleaved rounds of each measure", DefaultValueFactory = static _ => 9 };
        Option<double> seconds = new("--seconds") { Description = "After this many seconds a measure begins no further round, once it has three", DefaultValueFactory = static _ => 30 };
        Option<int> threads = new("--threads") { Description = "Threads of each contestant", DefaultValueFactory = static _ => Environment.ProcessorCount };
        Option<string[]> only = new("--only") { Description = "bf16, q8_0 or stories260k; may be given several times (default: all)", DefaultValueFactory = static _ => [] };
        Option<string?> reference = new("--reference") { Description = "bench/reference with its installed packages (default: the nearest one above)" };
        Option<string?> models = new("--models") { Description = "A folder with stories260K.gguf (default: VERATHOS_MODELS, or shared/models beside the repository)" };
        command.Options.Add(pairs);
        command.Options.Add(seconds);
        command.Options.Add(threads);
        command.Options.Add(only);
        command.Options.Add(reference);
        command.Options.Add(models);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(pairs) < 1 || context.Value(threads) < 1 || !(context.Value(seconds) >= 0))
            {
                throw new CommandException(ExitCode.Usage, "--pairs and --threads take a number of at least 1, --seconds one of at least 0");
            }

            if (context.Value(only)!.FirstOrDefault(static name => !EngineBench.Models.Contains(name)) is string unknown)
            {
                throw new CommandException(ExitCode.Usage, $"--only takes {string.Join(", ", EngineBench.Models)}, not {unknown}");
            }

            try
            {
                string folder = Path.GetFullPath(context.Value(reference) ?? ReferenceProcess.FindFolder());
                EngineReport report = await EngineBench.RunAsync(
                    new EngineBenchOptions
                    {
                        WorkerCommand = [.. BenchCommand.Program(), "bench", Worker],
                        Reference = folder,
                        Models = context.Value(models) ?? BenchTokenizersCommand.DefaultModels(folder),
                        Pairs = context.Value(pairs),
                        Seconds = context.Value(seconds),
                        Threads = context.Value(threads),
                        Only = context.Value(only)!,
                        Progress = context.Output.Note,
                    },
                    token).ConfigureAwait(false);
                Write(context.Output, report);
                return ExitCode.Accepted;
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }
        });
        return command;
    }

    /// <summary>The process that the bench starts for each of our contestants.</summary>
    public static Command CreateWorker()
    {
        Command command = new(Worker, "Answer requests of the engine's bench on standard input") { Hidden = true };
        command.SetVerb(static async (_, token) =>
        {
            await EngineWorker.RunAsync(Console.In, Console.Out, token).ConfigureAwait(false);
            return ExitCode.Accepted;
        });
        return command;
    }

    internal static void Write(Output output, EngineReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["model", "measure", "contestant", "median", "least", "most", "served profile's lead", "95 % interval"],
            report.Rows.Select(static row => (IReadOnlyList<string>)
            [
                row.Model,
                Name(row.Measure),
                row.Contestant,
                Number(row.Value.Median, "0.0"),
                Number(row.Value.Minimum, "0.0"),
                Number(row.Value.Maximum, "0.0"),
                row.Lead is null ? "-" : Number(row.Lead.Median, "0.00"),
                row.Lead is null ? "-" : $"{Number(row.Lead.Low, "0.00")} to {Number(row.Lead.High, "0.00")}",
            ]),
            $"{report.Processors} processors, {report.Threads} threads each, {report.Profile}");
        if (report.Goals.Count > 0)
        {
            WriteGoals(output, report);
        }

        output.Line(report.InstructionSet switch
        {
            "avx512" => "Products ran in registers of 512 bits.",
            "avx2" => "This processor has no AVX-512: products ran in registers of 256 bits, with the same bits.",
            _ => "This processor has neither AVX-512 nor AVX2: products ran without fused instructions of the processor, with the same bits.",
        });
    }

    private static void WriteGoals(Output output, EngineReport report) =>
        output.Table(
            ["model", "goal", "at least", "median", "95 % interval", "pairs", ""],
            report.Goals.Select(static goal => (IReadOnlyList<string>)
            [
                goal.Model,
                goal.Goal,
                Number(goal.Required, "0.0"),
                Number(goal.Measured.Median, "0.00"),
                $"{Number(goal.Measured.Low, "0.00")} to {Number(goal.Measured.High, "0.00")}",
                Number(goal.Measured.Pairs, "0"),
                goal.Holds ? "holds" : "does not hold",
            ]));

    private static string Name(EngineMeasure measure) => measure switch
    {
        EngineMeasure.FirstToken => "first token, ms",
        EngineMeasure.Prefill => "prefill, tokens/s",
        EngineMeasure.Decode => "decode, tokens/s",
        EngineMeasure.At8 => "8 at once, tokens/s",
        EngineMeasure.At32 => "32 at once, tokens/s",
        EngineMeasure.DeviceMemory => "GPU memory, MB",
        _ => "peak memory, MB",
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
