using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Cli;
using Verathos.Host.Training;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train coordinator</c>: runs a training run's rounds until it is finished. Killed at any point, it goes on where it was.</summary>
internal static class TrainCoordinatorCommand
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        TrainRunArguments arguments = new();
        Option<string> dir = new("--dir") { Description = "The coordinator's folder", DefaultValueFactory = static _ => "coordinator" };
        Option<string> listen = new("--listen") { Description = "Address to listen on", DefaultValueFactory = static _ => TrainRunArguments.DefaultAddress };
        Option<double> linger = new("--linger") { Description = "Seconds to go on answering once the run is finished, so that every member hears of it", DefaultValueFactory = static _ => 15 };
        Command command = new("coordinator", "Run a training run's rounds: who joins, commitments, reveals, outcomes; it cannot read gradients") { arguments.Run, dir, listen, arguments.Page, linger };
        arguments.AddTrustTo(command);
        command.SetVerb((context, token) => TrainRunArguments.RunAsync(async () =>
        {
            (RunFile run, byte[] bytes, string folder) = arguments.ReadRun(context);
            if (context.Value(linger) is not (>= 0 and <= 86_400))
            {
                throw new CommandException(ExitCode.Usage, "--linger takes seconds from 0 to 86400");
            }

            JoinCheck check = arguments.Check(context);
            if (arguments.AllowsSimulated(context))
            {
                context.Output.Simulated();
            }

            return await RunDisplay.RunAsync(context.Output, "rounds", async (tell, progress) =>
            {
                RunMaterial material = await Task.Run(() => RunMaterial.Load(run, folder, withDocuments: false, tell), token).ConfigureAwait(false);
                float[] first;
                ParameterLayout layout;
                using (InnerTrainer trainer = material.NewTrainer(1, anyProfile: true))
                {
                    (first, layout) = (trainer.Weights.ToArray(), trainer.Layout);
                }

                using CoordinatorStore store = new(context.Value(dir)!, run, bytes);
                using Coordinator coordinator = new(store, check, RunMaterial.LayoutOf(layout), first, TimeProvider.System, tell);
                await using GrpcServer server = await GrpcServer.StartAsync<CoordinatorService>(
                    context.Value(listen)!, RequestBodies.MostSealedBytes(RunMaterial.LayoutOf(layout), run.Validators.Count) + (16 << 20),
                    services => services.AddSingleton(coordinator).AddSingleton(new RunFileBytes(bytes)), token).ConfigureAwait(false);
                tell($"run {run.Name}, number {Convert.ToHexStringLower(run.Id.Span)[..16]}: listening on {server.Address.GetLeftPart(UriPartial.Authority)} for {run.Rounds.StartWorkers} workers");
                RunPage? page = context.Value(arguments.Page) is { } path ? new RunPage(path, run) : null;
                await StepAsync(coordinator, store, page, progress, TimeSpan.FromSeconds(context.Value(linger)), token).ConfigureAwait(false);
                Write(context, coordinator, store, page);
                return ExitCode.Accepted;
            }).ConfigureAwait(false);
        }));
        return command;
    }

    private static async Task StepAsync(Coordinator coordinator, CoordinatorStore store, RunPage? page, Action<int, int> progress, TimeSpan linger, CancellationToken token)
    {
        using PeriodicTimer timer = new(s_tick);
        ulong shown = 0;
        while (await timer.WaitForNextTickAsync(token).ConfigureAwait(false))
        {
            coordinator.Step();
            RunProgress now = coordinator.Progress;
            bool finished = now.Phase == RunProgress.Finished;
            ulong over = finished ? now.Round : now.Round == 0 ? 0 : now.Round - 1;
            progress((int)over, coordinator.Run.Rounds.Count);
            for (; shown < over; shown++)
            {
                page?.Take(store, shown + 1);
            }

            if (finished)
            {
                await Task.Delay(linger, token).ConfigureAwait(false);
                return;
            }
        }
    }

    private static void Write(VerbContext context, Coordinator coordinator, CoordinatorStore store, RunPage? page)
    {
        RunProgress end = coordinator.Progress;
        string model = store.ModelPath(end.Round + 1);
        string root = Convert.ToHexStringLower(end.BaseModelRoot.Span);
        if (context.Json)
        {
            context.Output.WriteJson(new { run = Convert.ToHexStringLower(coordinator.Run.Id.Span), rounds = end.Round, outcomeRound = end.OutcomeRound, modelRoot = root, model, page = page?.Path });
            return;
        }

        context.Output.Table(["", ""], [["run", coordinator.Run.Name], ["rounds", $"{end.Round}"], ["model's root", root], ["model, binary32", model], .. page is null ? [] : (IReadOnlyList<string>[])[["page", page.Path]]]);
    }
}
