using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Cli;
using Verathos.Validator.Training;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train verify</c>: checks a model's chain of training records, and computes a step again.</summary>
internal static class TrainVerifyCommand
{
    public static Command Create()
    {
        TrustArguments trust = new();
        Argument<string?> path = new("path") { Description = "The model's folder, with recipe.json and training; the demonstration model if not given", Arity = ArgumentArity.ZeroOrOne };
        Option<ulong?> seed = new("--seed") { Description = "Draw the step that is computed again by this number; a random one if not given" };
        Option<int?> step = new("--step") { Description = "Compute this step again, from 0, instead of a drawn one; the steps from the nearest state before it come along" };
        Option<int> threads = new("--threads") { Description = "Threads of the arithmetic; they change no bit", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<bool> tolerance = new("--within-tolerance") { Description = "Compare gradients within a tolerance also where the bits could be compared: of the first step after a state that was kept with its gradient" };
        Option<bool> times = new("--times-known") { Description = "Answer for the times inside the evidence from your own knowledge: production policies do not take its maker's word for them" };
        Command verify = new("verify", "Check a model's chain of training records, and compute a step again")
        {
            path, seed, step, threads, tolerance, times, trust.PolicyFile, trust.Anchors, trust.AllowSimulated,
        };
        verify.SetVerb(async (context, token) =>
        {
            if (context.Value(threads) is < 1 or > 1024)
            {
                throw new CommandException(ExitCode.Usage, "--threads takes a number from 1 to 1024");
            }

            string folder = ModelPath.Resolve(context.Value(path));
            TrainingRecipe recipe = TrainLocalCommand.ReadRecipe(Path.Combine(folder, ModelFolder.RecipeFile));
            if (context.Value(step) is { } named && (named < 0 || named >= recipe.Optimiser.Steps))
            {
                throw new CommandException(ExitCode.Usage, $"--step takes a number from 0 to {recipe.Optimiser.Steps - 1}");
            }

            (Policy policy, TrustAnchors anchors) = Trust(context, trust, folder);
            if (anchors.Simulated)
            {
                context.Output.Simulated();
            }

            TrainingVerifyOptions options = new(folder, policy, anchors, context.Value(threads))
            {
                Seed = context.Value(seed) ?? BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)),
                Step = context.Value(step),
                WithinTolerance = context.Value(tolerance),
                KnowsTimes = context.Value(times),
            };
            TrainingVerdict verdict = await VerifyAsync(context, recipe, options, token).ConfigureAwait(false);
            Show(context, folder, policy, verdict);
            return verdict.IsAccepted ? ExitCode.Accepted
                : verdict.Failure?.Name == TrainingCheckNames.ChainFormat ? ExitCode.Malformed
                : ExitCode.Rejected;
        });
        return verify;
    }

    private static async Task<TrainingVerdict> VerifyAsync(VerbContext context, TrainingRecipe recipe, TrainingVerifyOptions options, CancellationToken token)
    {
        try
        {
            return await WorkProgress.RunAsync(
                context.Output, progress => Task.Run(() => new TrainingVerifier(recipe, options, progress).Run(token), CancellationToken.None)).ConfigureAwait(false);
        }
        catch (NativeRuntimeException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Failed, exception.Message, exception);
        }
    }

    // A simulated platform's roots lie beside the records, since no installation has another's. They prove nothing about hardware, and
    // every output says so; whoever wants hardware names a policy, or finds no such folder.
    private static (Policy Policy, TrustAnchors Anchors) Trust(VerbContext context, TrustArguments trust, string folder)
    {
        string roots = Path.Combine(folder, TrainingFolder.Name, TrainingFolder.RootsFolder);
        if (context.Value(trust.PolicyFile) is not null || context.Value(trust.Anchors) is not null || !Directory.Exists(roots))
        {
            Policy policy = trust.Policy(context);
            return (policy, trust.AnchorsFor(context, policy));
        }

        return TrustAnchors.TryLoadSimulated(roots, out TrustAnchors? anchors, out string? error)
            ? (Policy.BuiltIn("simulated"), anchors!)
            : throw new CommandException(ExitCode.Malformed, $"the simulated trust anchors in {roots} cannot be read: {error}");
    }

    private static void Show(VerbContext context, string folder, Policy policy, TrainingVerdict verdict)
    {
        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                model = folder,
                accepted = verdict.IsAccepted,
                failed = verdict.Failure?.Name,
                simulated = verdict.Simulated,
                policy = policy.Name,
                records = verdict.Records,
                steps = verdict.Steps,
                numeric_profile = verdict.Profile,
                checks = verdict.Checks.Select(check => new { name = check.Name, passed = check.Passed, detail = check.Detail }),
                replay = verdict.Replay,
            });
            return;
        }

        context.Output.Table(
            ["check", "", "detail"],
            [
                .. verdict.Checks.Select(check => (IReadOnlyList<string>)[check.Name, check.Passed ? "passed" : "FAILED", check.Detail]),
                .. TrainingCheckNames.All.Skip(verdict.Checks.Count).Select(name => (IReadOnlyList<string>)[name, "not made", ""]),
            ],
            $"the training of {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}{(verdict.Simulated ? " (SIMULATED)" : "")}");
        if (verdict.Replay is { } replay)
        {
            string drawn = replay.Asked is { } asked && asked != replay.Step
                ? string.Create(CultureInfo.InvariantCulture, $"the first one after the nearest state that was kept with its gradient, for --step {asked}")
                : replay.Seed is { } seed ? string.Create(CultureInfo.InvariantCulture, $"drawn by --seed {seed}") : "named by --step";
            context.Output.Line(replay.BitEqual
                ? string.Create(CultureInfo.InvariantCulture, $"step {replay.Step}, {drawn}: computed again from the state before step {replay.FromStep}, {replay.Compared} steps compared bit for bit on {replay.Profile}")
                : string.Create(CultureInfo.InvariantCulture, $"step {replay.Step}, {drawn}: its gradient was {(replay.Profile == verdict.Profile ? "compared within the tolerance and not bit for bit, as asked" : $"compared within the tolerance and not bit for bit, since this machine computes on {replay.Profile}")}"));
        }

        context.Output.Line(verdict.Failure is { } failure ? $"rejected: {failure.Name}" : verdict.IsAccepted ? "accepted" : "not everything was checked");
    }
}
