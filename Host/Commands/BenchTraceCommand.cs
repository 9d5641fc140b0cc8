using System.CommandLine;
using System.Globalization;
using Verathos.Bench.Node;
using Verathos.Bench.Statistics;
using Verathos.Bench.Trace;
using Verathos.Client.Trust;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;
using Verathos.Host.Demo;

namespace Verathos.Host.Commands;

/// <summary><c>verathos bench trace</c>: a random trace of requests through a node, each answer compared with the same request alone.</summary>
internal static class BenchTraceCommand
{
    /// <summary>The front's limits for a bench: its one client address is not counted.</summary>
    public static LimitsConfiguration Uncounted { get; } = new() { ExemptClients = ["127.0.0.0/8", "::1/128"] };

    public static Command Create()
    {
        Command command = new("trace", "Send a random trace (lengths, arrivals, cancellations, bad requests, stop texts, parameters) through a node");
        Option<int> seed = new("--seed") { Description = "Chooses the requests", DefaultValueFactory = _ => 1 };
        Option<int> count = new("--count") { Description = "Requests", DefaultValueFactory = _ => 1000 };
        Option<string[]> model = new("--model") { Description = "The model (default: the demonstration model); with two, one node serves both, and each request is for either", DefaultValueFactory = static _ => [] };
        command.Options.Add(seed);
        command.Options.Add(count);
        command.Options.Add(model);
        command.SetVerb(async (context, token) =>
        {
            if (context.Value(count) < 1)
            {
                throw new CommandException(ExitCode.Usage, "--count takes a number of at least 1");
            }

            string[] named = context.Value(model)!;
            if (named.Length > 2)
            {
                throw new CommandException(ExitCode.Usage, "--model may be given once or twice");
            }

            string path = ModelPath.Resolve(named.FirstOrDefault());
            string? second = named.Length == 2 ? ModelPath.Resolve(named[1]) : null;
            using (Simulator.Installation.OpenOrCreate(SimulatedFolder.Default))
            {
            }

            TraceReport report = await WorkProgress.RunAsync(context.Output, progress => TraceBench.RunAsync(
                new TraceOptions
                {
                    Open = () => ModelLoader.Load(path, new LoadOptions(), null, token),
                    OpenSecond = second is null ? null : () => ModelLoader.Load(second, new LoadOptions(), null, token),
                    StartNode = StartAsync,
                    Client = TrustArguments.Simulated(),
                    Seed = context.Value(seed),
                    Count = context.Value(count),
                    Progress = progress,
                },
                token)).ConfigureAwait(false);
            Write(context.Output, report);
            return report.Passed ? ExitCode.Accepted : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>Starts a node on a loopback port that does not count its clients' requests.</summary>
    public static Task<BenchNode> StartAsync(LoadedModel model, CancellationToken token) => StartAsync([model], token);

    /// <summary>Starts a node with several models on a loopback port that does not count its clients' requests.</summary>
    public static async Task<BenchNode> StartAsync(IReadOnlyList<LoadedModel> models, CancellationToken token)
    {
        DemoNode node = await DemoNode.StartAsync(models, null, token, Uncounted).ConfigureAwait(false);
        return new BenchNode(node.Address, node);
    }

    private static void Write(Output output, TraceReport report)
    {
        if (output.Json)
        {
            output.WriteJson(report);
            return;
        }

        output.Table(
            ["milliseconds", "median", "99 %", "most"],
            [Row("to the first token", report.FirstTokenMilliseconds), Row("to the verified receipt", report.TotalMilliseconds)],
            $"{report.Requests.Values.Sum()} requests of seed {report.Seed} through a node on {report.Model}, {report.Profile}");
        output.Line($"Requests: {string.Join(", ", report.Requests.Select(pair => $"{pair.Value} {Word(pair.Key)}"))}.");
        output.Line(string.Create(CultureInfo.InvariantCulture, $"{report.Seconds:0.0} s, {report.TokensPerSecond:0} tokens per second."));
        output.Line($"Same ids as alone: {report.Compared - report.Different.Count} of {report.Compared} answers ({report.ComparedTokens} tokens).");
        output.Line($"Errors that were not deserved: {report.Undeserved.Count}.");
        foreach (string wrong in report.Undeserved.Concat(report.Different.Select(number => $"request {number}: other ids than alone")).Take(20))
        {
            output.Line("  " + wrong);
        }
    }

    private static string Word(TraceKind kind) => kind switch
    {
        TraceKind.Whole => "whole",
        TraceKind.Stopped => "with a stop text",
        TraceKind.Cancelled => "left early",
        TraceKind.Bad => "bad",
        _ => "that are no requests",
    };

    private static IReadOnlyList<string> Row(string name, Spread spread) =>
        [name, Number(spread.Median), Number(spread.P99), Number(spread.Maximum)];

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
