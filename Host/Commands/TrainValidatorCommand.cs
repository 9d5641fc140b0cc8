using System.CommandLine;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train validator</c>: judges a run's rounds until it is finished. Killed at any point, it goes on where it was.</summary>
internal static class TrainValidatorCommand
{
    public static Command Create()
    {
        TrainRunArguments arguments = new();
        Option<string> dir = new("--dir") { Description = "The validator's folder: its keys, its judgements and its books, which may be those of 'validator init'", DefaultValueFactory = static _ => ValidatorArguments.DefaultFolder };
        Command command = new("validator", "Judge a run's rounds: open gradients, replay steps, measure what each contribution is worth, sign the outcome")
        {
            arguments.Run, arguments.Coordinator, dir, arguments.Threads, arguments.Page,
        };
        arguments.AddTrustTo(command);
        command.SetVerb((context, token) => TrainRunArguments.RunAsync(async () =>
        {
            (RunFile run, byte[] bytes, string folder) = arguments.ReadRun(context);
            int threads = arguments.ThreadCount(context);
            JoinCheck check = arguments.Check(context);
            if (arguments.AllowsSimulated(context))
            {
                context.Output.Simulated();
            }

            string own = Path.GetFullPath(context.Value(dir)!);
            using ValidatorKeys keys = ValidatorKeys.OpenOrCreate(own);
            if (!run.RoundValidators.Any(validator => validator.Name.Span.SequenceEqual(keys.Public.Name.Span)))
            {
                throw new CommandException(ExitCode.Failed, $"the run's file does not name the validator of {own}; 'verathos train init --validator {own}' writes a file that does");
            }

            using StateSeal seal = new(keys.Owner.Secret);
            using ValidatorState state = ValidatorState.Open(Path.Combine(own, "state.db"), seal);
            TrainingLedger ledger = new(state, run.Id, TimeProvider.System);
            return await RunDisplay.RunAsync(context.Output, "rounds", async (tell, progress) =>
            {
                RunMaterial material = await Task.Run(() => RunMaterial.Load(run, folder, withDocuments: true, tell), token).ConfigureAwait(false);
                using InnerTrainer trainer = material.NewTrainer(threads, anyProfile: true);
                using CoordinatorClient client = new(arguments.Address(context), keys.Owner.Signing, TimeProvider.System, tell);
                _ = await client.GetRunAsync(bytes, token).ConfigureAwait(false);
                RunPage? page = context.Value(arguments.Page) is { } path ? new RunPage(path, run) : null;
                using ValidatorLoop loop = new(material, client, keys, new JudgedStore(own, run.Id), ledger, check, trainer, TimeProvider.System, tell, progress)
                {
                    Judged = page is null ? null : page.Take,
                };
                tell($"validator {Convert.ToHexStringLower(keys.Public.Name.Span)[..12]} in run {run.Name}");
                await loop.RunAsync(token).ConfigureAwait(false);
                Write(context, run, state, loop);
                return ExitCode.Accepted;
            }).ConfigureAwait(false);
        }));
        return command;
    }

    private static void Write(VerbContext context, RunFile run, ValidatorState state, ValidatorLoop loop)
    {
        ReplayRow[] replays = [.. state.Replays(run.Id.ToArray())];
        NodeRow[] workers = [.. state.Nodes().Where(static node => node.Name.StartsWith("worker:", StringComparison.Ordinal))];
        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                run = Convert.ToHexStringLower(run.Id.Span),
                judged = loop.Rounds,
                replays = replays.GroupBy(static replay => replay.Result?.ToString() ?? "Open").ToDictionary(static group => group.Key, static group => group.Count()),
                workers = workers.Select(static worker => new { name = worker.Name, status = worker.Status, reason = worker.StatusReason }),
            });
            return;
        }

        context.Output.Note($"{loop.Rounds} rounds judged since the start; {replays.Length} steps replayed in the run, {replays.Count(static replay => replay.Result == WorkResult.Passed)} of them the same");
        context.Output.Table(["worker", "status", "why", "replays"], workers.Select(worker => (IReadOnlyList<string>)
            [worker.Name, worker.Status.ToString(), worker.StatusReason ?? "", $"{replays.Count(replay => replay.Node == worker.Id)}"]));
    }
}
