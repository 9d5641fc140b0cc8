using System.CommandLine;
using System.Text;
using Verathos.Client.Bundles;
using Verathos.Client.Trust;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Protocol.Receipts;
using Verathos.Training.Records;
using Verathos.Validator.Reports;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train local</c>: trains a small model on this machine from a recipe, with signed records.</summary>
internal static class TrainLocalCommand
{
    private const string Simulated = "simulated";
    private static readonly string[] s_roots = ["intel-root.pem", "nvidia-device-root.pem", "nvidia-rim-root.pem"];

    public static Command Create()
    {
        Option<string> recipe = new("--recipe")
        {
            Description = "The recipe: seed, corpus, shape and optimiser",
            DefaultValueFactory = _ => Path.Combine(ModelPath.Embedded, ModelFolder.RecipeFile),
        };
        Option<string?> output = new("--output") { Description = "Folder for the model, and inside it its training; trained/NAME if not given" };
        Option<string?> corpus = new("--corpus") { Description = "Also write the training text there, as JSON lines" };
        Option<bool> fresh = new("--fresh") { Description = "Start again, though there are records" };
        Option<int?> stopAfter = new("--stop-after") { Description = "Stop once that many rounds are done" };
        Option<int> threads = new("--threads") { Description = "Threads of the arithmetic; they change no bit", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<string> tee = new("--tee") { Description = "The platform whose evidence vouches for the records' keys: simulated or tdx", DefaultValueFactory = _ => Simulated };
        Option<int?> gpus = new("--gpus") { Description = "GPUs that the evidence names: 1 of a simulated platform if not given, else none" };
        Option<string?> installation = new("--installation") { Description = "The folder of the simulated installation; this user's if not given" };
        Command local = new("local", "Train on this machine's processor, with a signed record for every round; a second call continues where the first one stopped")
        {
            recipe, output, corpus, fresh, stopAfter, threads, tee, gpus, installation,
        };
        local.SetVerb(async (context, token) =>
        {
            TrainingRecipe plan = ReadRecipe(context.Value(recipe)!);
            string folder = Path.GetFullPath(context.Value(output) ?? Path.Combine("trained", plan.Name));
            if (context.Value(stopAfter) is <= 0)
            {
                throw new CommandException(ExitCode.Usage, "--stop-after takes a number of rounds above 0");
            }

            if (context.Value(threads) is < 1 or > 1024)
            {
                throw new CommandException(ExitCode.Usage, "--threads takes a number from 1 to 1024");
            }

            LocalTrainingOptions options = new(folder, context.Value(threads), context.Value(fresh), context.Value(corpus), context.Value(stopAfter));
            IPlatformDriver driver = Driver(context.Value(tee)!, context.Value(gpus), context.Value(installation));
            try
            {
                if (driver.IsSimulated)
                {
                    context.Output.Simulated();
                }

                LocalTrainingResult result = await TrainingDisplay.RunAsync(
                    context,
                    progress => Task.Run(
                        () => new LocalTraining(plan, options, driver, evidence => Keep(folder, driver, evidence, context.Value(installation)), TimeProvider.System, progress).RunAsync(token),
                        CancellationToken.None)).ConfigureAwait(false);
                TrainingDisplay.Show(context, result, plan, folder);
                context.Output.Note($"Loss curve: {WritePage(folder, plan.Name, result.Chain)}");
                return result.Completed || context.Value(stopAfter) <= result.Chain.Count ? ExitCode.Accepted : ExitCode.Cancelled;
            }
            finally
            {
                (driver as IDisposable)?.Dispose();
            }
        });
        return local;
    }

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="CommandException">It is not there, or not valid.</exception>
    internal static TrainingRecipe ReadRecipe(string path)
    {
        try
        {
            return TrainingRecipe.Read(path);
        }
        catch (TrainingException exception)
        {
            throw new CommandException(ExitCode.Malformed, exception.Message, exception);
        }
        catch (IOException exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(
                ExitCode.Failed, $"no recipe at {Path.GetFullPath(path)}; name one with --recipe, such as {ModelPath.Embedded}/recipe.json", exception);
        }
    }

    private static IPlatformDriver Driver(string tee, int? gpus, string? installation)
    {
        try
        {
            return PlatformDrivers.Create(tee, new PlatformOptions { GpuCount = gpus ?? (tee == Simulated ? 1 : 0), InstallationFolder = installation });
        }
        catch (PlatformException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
    }

    // Evidence goes into the file that the other verbs know, so that each keyset can also be looked at alone.
    private static void Keep(string folder, IPlatformDriver driver, KeysetEvidence evidence, string? installation)
    {
        string training = Path.Combine(folder, TrainingFolder.Name);
        ProofBundle bundle = new()
        {
            Evidence = evidence.Evidence,
            Nonce = evidence.Nonce,
            RequestedAt = evidence.RequestedAt,
            JudgedAt = TimeProvider.System.GetUtcNow(),
            Policy = Attestation.Policies.Policy.BuiltIn(driver.IsSimulated ? Simulated : "tdx-h100").Raw,
            Simulated = driver.IsSimulated,
        };
        Write(Path.Combine(training, TrainingFolder.EvidenceFolder, TrainingFolder.EvidenceFile(evidence.Keyset.Digest.Span)), bundle.Encode());
        if (!driver.IsSimulated)
        {
            return;
        }

        foreach (string root in s_roots)
        {
            Write(Path.Combine(training, TrainingFolder.RootsFolder, root), File.ReadAllBytes(Path.Combine(installation ?? SimulatedFolder.Default, root)));
        }
    }

    // One line of losses and nobody who judged them: the page of a run of many workers shows this one too.
    private static string WritePage(string folder, string name, IReadOnlyList<ChainEntry> chain)
    {
        string path = Path.Combine(folder, TrainingFolder.Name, TrainingFolder.PageFile);
        CurveRound[] rounds =
        [
            .. chain.Select(static (entry, i) => new CurveRound(
                (ulong)i + 1, null, null, [new CurveWorker("alone, judged by nobody", [.. entry.Steps.Select(static step => step.Loss)], OutcomeVerdict.Accepted, null, 0)])),
        ];
        Write(path, Encoding.UTF8.GetBytes(TrainingPage.Write(new TrainingCurves(name, rounds))));
        return path;
    }

    private static void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        DurableFile.Write(path, bytes);
    }
}
