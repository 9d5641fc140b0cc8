using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Verathos.Bench.Evidence;
using Verathos.Bench.Mutation;
using Verathos.Host.Cli;
using Verathos.Simulator;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench mutation</c>: changed evidence, none of which may be accepted and none of which may throw.</summary>
internal static class BenchMutationCommand
{
    public static Command Create()
    {
        Command command = new("mutation", "Change evidence bit by bit: nothing that a signature or policy covers may still be accepted, nothing may throw, and parsing stays linear");
        Option<int> seed = new("--seed") { Description = "The seed of the random changes", DefaultValueFactory = static _ => 1 };
        Option<long> count = new("--count") { Description = "How many random changes in all; one in fifty is of whole evidence, the others are of parsers by themselves", DefaultValueFactory = static _ => 20_000 };
        Option<bool> all = new("--all") { Description = "Flip every bit of every covered field once as well" };
        Option<string[]> only = new("--only") { Description = "Only the subjects whose name begins so, or \"evidence\" or \"parsers\"; may be given several times", DefaultValueFactory = static _ => [] };
        Option<string?> vectors = new("--vectors") { Description = "A folder of recorded evidence (default: VERATHOS_VECTORS, or shared/vectors beside the repository)" };
        Option<string?> output = new("--out") { Description = "A file that keeps the figures, for --sum" };
        Option<string[]> sum = new("--sum") { Description = "Change nothing, and add up the files that runs kept", DefaultValueFactory = static _ => [], AllowMultipleArgumentsPerToken = true };
        foreach (Option option in (Option[])[seed, count, all, only, vectors, output, sum])
        {
            command.Options.Add(option);
        }

        command.SetVerb((context, token) => Task.Run(
            () =>
            {
                if (context.Value(count) < 1)
                {
                    throw new CommandException(ExitCode.Usage, "--count takes a number of at least 1");
                }

                MutationReport report = context.Value(sum) is { Length: > 0 } files
                    ? MutationReport.Sum([.. files.Select(Read)])
                    : Run(context, context.Value(seed), context.Value(count), context.Value(all), context.Value(only)!, context.Value(vectors), token);
                if (context.Value(output) is { } path)
                {
                    File.WriteAllText(path, JsonSerializer.Serialize(report));
                }

                Write(context.Output, report);
                return report.Holds && !token.IsCancellationRequested ? ExitCode.Accepted : ExitCode.Failed;
            },
            token));
        return command;
    }

    private static MutationReport Run(VerbContext context, int seed, long count, bool all, string[] only, string? vectors, CancellationToken token)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("verathos-mutation-");
        try
        {
            using Installation installation = Installation.OpenOrCreate(Path.Combine(folder.FullName, "installation"));
            MutationSubject[] subjects = [.. MutationSubjects.From(installation, vectors ?? VectorFolder.Find()).Where(subject => only.Length == 0 || only.Any(name => IsNamed(subject, name)))];
            if (subjects.Length == 0)
            {
                throw new CommandException(ExitCode.Usage, "--only names nothing that is there");
            }

            GrowthRow[] growth = [.. subjects.Where(subject => subject.Parser is not null).Select(subject => GrowthRow.Measure(subject.Parser!))];
            return new MutationReport([seed], all, MutationBench.RunAll(subjects, seed, count, all, context.Output.Note, token), growth);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool IsNamed(MutationSubject subject, string name) =>
        name == "evidence" ? subject.Parser is null : name == "parsers" ? subject.Parser is not null : subject.Name.StartsWith(name, StringComparison.Ordinal);

    private static MutationReport Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<MutationReport>(File.ReadAllText(path)) ?? throw new JsonException("nothing is there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CommandException(ExitCode.Usage, $"--sum {path}: {e.Message}", e);
        }
    }

    private static void Write(Output output, MutationReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["", "bytes", "bits covered", "changes", "accepted", "outside", "exceptions", "seconds"],
            report.Rows.Where(static row => !row.IsParser).Select(static row => (IReadOnlyList<string>)
            [
                row.Name, Number(row.Length), Number(row.CoveredBits), Number(row.Mutations), Number(row.Accepted), Number(row.Outside), Number(row.Exceptions), Number(row.Seconds, "0.0"),
            ]),
            $"Whole evidence and collateral; seeds {string.Join(", ", report.Seeds)}{(report.All ? ", and every covered bit once" : "")}");
        output.Table(
            ["parser", "bytes", "changes", "exceptions", "steps/byte", "alloc/byte", "worst: steps/byte", "worst: alloc/byte", "of bytes", "seconds"],
            report.Rows.Where(static row => row.IsParser).Select(row => (IReadOnlyList<string>)
            [
                row.Name, Number(row.Length), Number(row.Mutations), Number(row.Exceptions), Number(row.StepsPerByte, "0.0"), Number(row.AllocatedPerByte, "0.0"),
                .. Growth(report, row.Name), Number(row.Seconds, "0.0"),
            ]),
            $"Parsers; beyond {ParserCost.StepAllowance} steps and {ParserCost.AllocationAllowance} bytes allocated");
        foreach (MutationRow row in report.Rows.Where(static row => row.FirstFailure.Length > 0))
        {
            output.Line($"{row.Name}: {row.FirstFailure}");
        }

        foreach (GrowthRow row in report.Growth.Where(static row => !row.Holds))
        {
            output.Line($"{row.Name}: too dear at {string.Join(", ", row.Lengths)} bytes: {string.Join(", ", row.Steps)} steps, {string.Join(", ", row.Allocated)} bytes allocated");
        }

        output.Line(
            $"{report.Mutations} changes: "
            + (report.Holds
                ? $"none of a covered bit accepted, no exception, at most {ParserCost.MostStepsPerByte} steps and {ParserCost.MostAllocatedPerByte} bytes allocated for each byte of input"
                : "NOT as it must be"));
    }

    private static IEnumerable<string> Growth(MutationReport report, string name) =>
        report.Growth.FirstOrDefault(row => row.Name == name) is { } row
            ? [Number(row.StepsPerByte, "0.0"), Number(row.AllocatedPerByte, "0.0"), $"{row.Lengths[0]} to {row.Lengths[^1]}"]
            : ["-", "-", "-"];

    private static string Number(double value, string format = "0") => value.ToString(format, CultureInfo.InvariantCulture);
}
