using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Fingerprint;
using Verathos.Bench.Statistics;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench fingerprint</c>: what committing and judging cost.</summary>
internal static class BenchFingerprintCommand
{
    public static Command Create()
    {
        Command command = new("fingerprint", "What fingerprints cost: committing steps, TOPLOC, sketches, judging openings, sizes of keys, and generation with trace, sketches and TOPLOC proofs beside without");
        Option<int> count = new("--count") { Description = "Measurements of each operation", DefaultValueFactory = _ => 100 };
        Option<int> pairs = new("--pairs") { Description = "Interleaved pairs of generation with and without fingerprints; 0 leaves that out", DefaultValueFactory = _ => 10 };
        Option<int> threads = new("--threads") { Description = "Threads of the model", DefaultValueFactory = _ => Environment.ProcessorCount };
        command.Options.Add(count);
        command.Options.Add(pairs);
        command.Options.Add(threads);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1 || context.Value(pairs) < 0 || context.Value(threads) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--count and --threads take a number of at least 1, --pairs of at least 0");
            }

            FingerprintReport report = await WorkProgress.RunAsync(context.Output, progress => Task.Run(
                () => FingerprintBench.Run(
                    new FingerprintOptions
                    {
                        Count = context.Value(count),
                        Pairs = context.Value(pairs),
                        Threads = context.Value(threads),
                        Progress = (done, of) => progress("operations", done, of),
                    },
                    token),
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return ExitCode.Accepted;
        });
        return command;
    }

    private static void Write(Output output, FingerprintReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["operation, on one thread", "shape", "bytes", "median ms", "least", "99th percentile"],
            report.Rows.Select(row => (IReadOnlyList<string>)[row.Name, row.Shape, Number(row.Bytes, "N0"), Number(row.Milliseconds.Median), Number(row.Milliseconds.Minimum), Number(row.Milliseconds.P99)]),
            "Committing and judging");
        output.Table(
            ["shape", "key in bytes", "with 16 secret rows", "multiplications of T1", "over those of 256 tokens"],
            report.Keys.Select(key => (IReadOnlyList<string>)[key.Shape, Number(key.Bytes, "N0"), Number(key.BytesOf16Rows, "N0"), Number(key.T1Multiplications, "N0"), Number(key.ShareOf256Tokens, "E2")]),
            "A validator's key, computed");
        output.Table(
            ["workload", "fingerprints", "tokens/s without", "with fingerprints", "time ratio", "95 % interval", "processor time", "95 % interval"],
            report.Overheads.Select(row => (IReadOnlyList<string>)[row.Workload, row.Fingerprints, Number(row.Plain.Median, "F1"), Number(row.Traced.Median, "F1"), Number(row.Time.Median), Interval(row.Time), Number(row.Processor.Median), Interval(row.Processor)]),
            "Generation on a random model of SmolLM2-135M's shape, with fingerprints over without");
    }

    private static string Interval(PairedRatio ratio) => $"{Number(ratio.Low)} to {Number(ratio.High)}";

    private static string Number(double value, string format = "F4") => value.ToString(format, CultureInfo.InvariantCulture);
}
