using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Peers;
using Verathos.Bench.Statistics;
using Verathos.Bench.Tokenizers;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench tokenizers</c>: ids, text and speed of every vocabulary beside other programs.</summary>
internal static class BenchTokenizersCommand
{
    public static Command Create()
    {
        Command command = new("tokenizers", "Random texts through every vocabulary: ids, decoded text and speed beside npm @huggingface/tokenizers and llama.cpp");
        Option<int> seed = new("--seed") { Description = "Chooses the texts", DefaultValueFactory = static _ => 1 };
        Option<int> count = new("--count") { Description = "Texts for each vocabulary", DefaultValueFactory = static _ => 1000 };
        Option<string?> reference = new("--reference") { Description = "bench/reference with its installed packages (default: the nearest one above)" };
        Option<string?> models = new("--models") { Description = "A folder with smollm2-tokenizer and stories260K.gguf (default: VERATHOS_MODELS, or shared/models beside the repository)" };
        Option<string[]> tokenizer = new("--tokenizer") { Description = "A further tokenizer.json to compare; may be given several times", DefaultValueFactory = static _ => [] };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(reference);
        command.Options.Add(models);
        command.Options.Add(tokenizer);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--count takes a number of at least 1");
            }

            try
            {
                string folder = context.Value(reference) ?? ReferenceProcess.FindFolder();
                TokenizerReport report = await TokenizerBench.RunAsync(
                    new TokenizerBenchOptions
                    {
                        Reference = Path.GetFullPath(folder),
                        Models = context.Value(models) ?? DefaultModels(folder),
                        Files = context.Value(tokenizer)!,
                        Seed = context.Value(seed),
                        Count = context.Value(count),
                        Progress = context.Output.Note,
                    },
                    token).ConfigureAwait(false);
                Write(context.Output, report);
                return report.Holds ? ExitCode.Accepted : ExitCode.Failed;
            }
            catch (ReferenceException e)
            {
                throw new CommandException(ExitCode.Failed, e.Message, e);
            }
        });
        return command;
    }

    /// <summary>Where the models that tests and benches read lie, by the folder bench/reference.</summary>
    internal static string DefaultModels(string reference) =>
        Environment.GetEnvironmentVariable("VERATHOS_MODELS") is { Length: > 0 } set ? set : Path.GetFullPath(Path.Combine(reference, "../../../shared/models"));

    private static void Write(Output output, TokenizerReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["vocabulary", "beside", "texts", "equal ids", "equal text", "round trips", "streamed", "forged", "MB/s", "its MB/s", "ratio"],
            report.Vocabularies.Select(static row => (IReadOnlyList<string>)
            [
                row.Vocabulary,
                row.Peer,
                Number(row.Texts),
                Number(row.EqualIds),
                row.EqualText is int equal ? Number(equal) : "-",
                Number(row.RoundTrips),
                Number(row.Streams),
                Number(row.Forged),
                Range(row.MegabytesPerSecond),
                Range(row.PeerMegabytesPerSecond),
                $"{Number(row.Ratio.Median, "0.0")} ({Number(row.Ratio.Low, "0.0")} to {Number(row.Ratio.High, "0.0")})",
            ]),
            $"Random texts of seed {report.Seed}; MB/s is 10^6 bytes of UTF-8 encoded in a second, median and range");
        output.Table(
            ["vocabulary", "100,000 characters of", "ms", "400,000: ms"],
            report.WorstCases.Select(static row => (IReadOnlyList<string>)[row.Vocabulary, row.Text, Number(row.Milliseconds, "0.0"), Number(row.FourfoldMilliseconds, "0.0")]),
            "Texts that are worst for an encoder");
        foreach (TokenizerRow row in report.Vocabularies)
        {
            foreach (TokenizerDifference difference in row.FirstDifferences)
            {
                output.Line($"{row.Vocabulary}: {difference.What} of {System.Text.Json.JsonSerializer.Serialize(difference.Text)} from place {difference.At}: [{string.Join(',', difference.Own)}] here, [{string.Join(',', difference.Peer)}] there");
            }
        }

        foreach (string skipped in report.Skipped)
        {
            output.Line($"Left out: {skipped}");
        }
    }

    private static string Range(Spread spread) => $"{Number(spread.Median, "0.0")} ({Number(spread.Minimum, "0.0")} to {Number(spread.Maximum, "0.0")})";

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
