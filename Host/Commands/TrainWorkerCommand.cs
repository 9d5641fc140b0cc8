using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Host.Cli;
using Verathos.Host.Training;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train worker</c>: trains in a run until it is finished. Killed at any point, it goes on where it was.</summary>
internal static class TrainWorkerCommand
{
    private const string Simulated = "simulated";

    public static Command Create()
    {
        TrainRunArguments arguments = new();
        Option<string> dir = new("--dir") { Description = "The worker's folder: its key, its state, its records", DefaultValueFactory = static _ => "worker" };
        Option<string> listen = new("--listen") { Description = "Address on which validators ask for opened steps; port 0 takes a free one", DefaultValueFactory = static _ => "http://127.0.0.1:0" };
        Option<string?> announce = new("--announce") { Description = "The address that is given to validators (default: the one listened on)" };
        Option<string> tee = new("--tee") { Description = "The platform: tdx, or simulated, which protects nothing", DefaultValueFactory = static _ => Simulated };
        Option<int?> gpus = new("--gpus") { Description = "GPUs whose evidence is presented (default: 1 simulated, 0 on hardware)" };
        Option<string?> authorities = new("--simulated-authorities") { Description = "Folder of the simulated authorities (default: the user's data folder)" };
        Option<string?> sitOut = new("--sit-out") { Description = "Rounds in which this worker does nothing, such as 3,7" };
        Option<bool> measured = new("--whole-host-measured") { Description = "The whole of this program runs inside the measured guest, which hardware keys need" };
        Command command = new("worker", "Train in a run: an enclave signs what was trained, and the gradient is sealed to the run's validators")
        {
            arguments.Run, arguments.Coordinator, dir, listen, announce, tee, gpus, authorities, measured, sitOut, arguments.Threads,
        };
        command.SetVerb((context, token) => TrainRunArguments.RunAsync(async () =>
        {
            int threads = arguments.ThreadCount(context);
            HashSet<ulong> idle = Rounds(context.Value(sitOut));
            using DriverOwner driver = Driver(context.Value(tee)!, context.Value(gpus), context.Value(authorities), context.Value(measured));
            if (driver.Driver.IsSimulated)
            {
                context.Output.Simulated();
            }

            return await RunDisplay.RunAsync(context.Output, "inner steps", async (tell, progress) =>
            {
                string folder = Path.GetFullPath(context.Value(dir)!);
                Directory.CreateDirectory(folder);
                using ECDsa hotkey = SigningKeyFile.OpenOrCreate(Path.Combine(folder, "hotkey.p8"));
                using CoordinatorClient client = new(arguments.Address(context), hotkey, TimeProvider.System, tell);
                (RunFile? given, byte[]? bytes, string relative) = context.Value(arguments.Run) is null ? (null, null, Environment.CurrentDirectory) : arguments.ReadRun(context);
                RunFile run = await client.GetRunAsync(bytes, token).ConfigureAwait(false);
                bytes ??= await client.GetRunBytesAsync(token).ConfigureAwait(false);
                WorkerKey key = new(TrainingRequest.NameOf(CoseKey.From(hotkey)));
                RunMaterial material = await Task.Run(() => RunMaterial.Load(given ?? run, relative, withDocuments: true, tell), token).ConfigureAwait(false);
                using InnerTrainer trainer = material.NewTrainer(threads);
                using WorkerStore store = new(folder, run, bytes, trainer.Layout);
                byte[] root = TrainingRoots.OfModel(RunMaterial.LayoutOf(trainer.Layout), trainer.Weights);
                using TrainingEnclave enclave = await StartAsync(run, root, key, trainer, driver.Driver, token).ConfigureAwait(false);
                WorkerOpenings openings = new();
                await using GrpcServer server = await GrpcServer.StartAsync<WorkerService>(context.Value(listen)!, 1 << 20, services => services.AddSingleton(openings), token).ConfigureAwait(false);
                string address = context.Value(announce) ?? server.Address.GetLeftPart(UriPartial.Authority);
                RoundWorker worker = new(enclave, key, new WorkerCorpus([.. material.Documents.Take(material.Assignable)], [.. material.Digests.Take(material.Assignable)]), trainer);
                using WorkerLoop loop = new(run, store, client, enclave, trainer, worker, address, TimeProvider.System, tell, progress) { SitsOut = idle };
                openings.Set(run, loop, key);
                tell($"worker {key.ToString()[..12]} in run {run.Name}");
                await loop.RunAsync(token).ConfigureAwait(false);
                Write(context, run, key, loop, store);
                return ExitCode.Accepted;
            }).ConfigureAwait(false);
        }));
        return command;
    }

    private static HashSet<ulong> Rounds(string? list)
    {
        HashSet<ulong> rounds = [];
        foreach (string number in (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            rounds.Add(ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong round) && round > 0
                ? round
                : throw new CommandException(ExitCode.Usage, "--sit-out takes numbers of rounds with commas between, such as 3,7"));
        }

        return rounds;
    }

    private static void Write(VerbContext context, RunFile run, WorkerKey key, WorkerLoop loop, WorkerStore store)
    {
        ulong records = store.Head().Counter;
        if (context.Json)
        {
            context.Output.WriteJson(new { run = Convert.ToHexStringLower(run.Id.Span), worker = key.ToString(), records, contributed = loop.Contributed, units = loop.Units });
            return;
        }

        context.Output.Table(["", ""], [["worker", key.ToString()], ["records signed", $"{records}"], ["contributions since it was started", $"{loop.Contributed}"], ["units since then", $"{loop.Units}"]]);
    }

    private static async Task<TrainingEnclave> StartAsync(RunFile run, byte[] root, WorkerKey key, InnerTrainer trainer, IPlatformDriver driver, CancellationToken token)
    {
        TrainingEnclaveOptions options = new()
        {
            Name = run.Name,
            ModelRoot = root,
            Tensors = trainer.Layout.Tensors.Count,
            Bytes = 4L * trainer.Layout.Count,
            NumericProfile = trainer.Profile,
            Identity = new NodeIdentity(run.Id, 0, key.Bytes.ToArray()),
        };
        try
        {
            return await TrainingEnclave.StartAsync(options, driver, TimeProvider.System, token).ConfigureAwait(false);
        }
        catch (PlatformException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
    }

    private static DriverOwner Driver(string tee, int? gpus, string? installation, bool measured)
    {
        try
        {
            return new DriverOwner(PlatformDrivers.Create(
                tee, new PlatformOptions { GpuCount = gpus ?? (tee == Simulated ? 1 : 0), InstallationFolder = installation, WholeHostMeasured = measured }));
        }
        catch (PlatformException exception)
        {
            throw new CommandException(ExitCode.Unsupported, exception.Message, exception);
        }
    }

    private sealed class DriverOwner(IPlatformDriver driver) : IDisposable
    {
        public IPlatformDriver Driver { get; } = driver;

        public void Dispose() => (Driver as IDisposable)?.Dispose();
    }
}
