using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Memory;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench memory</c>: whether a node grows with the requests that it has served.</summary>
internal static class BenchMemoryCommand
{
    public static Command Create()
    {
        Command command = new("memory", "Send many requests to a node and sample the memory of the process");
        Option<int> count = new("--count") { Description = "Requests", DefaultValueFactory = _ => 10_000 };
        Option<string?> model = new("--model") { Description = "The model (default: the demonstration model)" };
        command.Options.Add(count);
        command.Options.Add(model);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 100)
            {
                throw new CommandException(ExitCode.Usage, "--count takes a number of at least 100");
            }

            string path = ModelPath.Resolve(context.Value(model));
            using (Simulator.Installation.OpenOrCreate(SimulatedFolder.Default))
            {
            }

            MemoryReport report = await WorkProgress.RunAsync(context.Output, progress => MemoryBench.RunAsync(
                new MemoryOptions
                {
                    StartNode = stop => BenchTraceCommand.StartAsync(ModelLoader.Load(path, new LoadOptions(), null, stop), stop),
                    Client = TrustArguments.Simulated(),
                    Count = context.Value(count),
                    Progress = (done, of) => progress("requests", done, of),
                },
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    private static void Write(Output output, MemoryReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["requests", "resident, MB", "live objects, MB"],
            report.Samples.Select(sample => (IReadOnlyList<string>)[Number(sample.Requests, "0"), Number(sample.ResidentBytes / 1e6, "0.0"), Number(sample.ManagedBytes / 1e6, "0.00")]),
            "Memory of node and client in one process, after a full collection each");
        output.Line($"{report.Requests} requests: {report.Answered} answered, {report.Unexpected} failed without cause; the others were left early or deserved their refusal.");
        output.Line($"Slope after the warm-up: {Number(report.ManagedBytesPerRequest, "0")} bytes of live objects a request (at most {MemoryReport.MostManagedBytesPerRequest:0}, for the record of replays), {Number(report.ResidentBytesPerRequest, "0")} bytes resident (at most {MemoryReport.MostResidentBytesPerRequest:0}).");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
