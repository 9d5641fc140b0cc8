using Verathos.Attestation.Binding;
using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;
using Verathos.Host.Configuration;

namespace Verathos.Host.Node;

/// <summary>Makes an enclave from a configuration: platform driver first, because it is quick to refuse, then the model.</summary>
internal static class EnclaveComposition
{
    /// <summary>Opens the platform driver that a configuration names.</summary>
    /// <exception cref="CommandException">This machine does not have it; the message says what is missing and what to do.</exception>
    public static IPlatformDriver OpenDriver(NodeConfiguration configuration, EnclaveTopology topology)
    {
        bool simulated = configuration.Tee == "simulated";
        try
        {
            if (!simulated && topology == EnclaveTopology.InProcess)
            {
                ProcessHardening.DisableDumps();
            }

            IPlatformDriver driver = PlatformDrivers.Create(configuration.Tee!, new PlatformOptions
            {
                GpuCount = configuration.Gpus ?? (simulated ? 1 : 0),
                InstallationFolder = configuration.SimulatedAuthorities,
                WholeHostMeasured = configuration.WholeHostMeasured,
            });
            driver.RequireTopology(topology);
            return driver;
        }
        catch (PlatformException problem)
        {
            throw Refused(problem);
        }
    }

    /// <summary>Loads the models and starts the core.</summary>
    /// <exception cref="CommandException">The models do not fit, one cannot be used or does not pass its test, or the platform refuses.</exception>
    public static async Task<EnclaveCore> StartAsync(
        NodeConfiguration configuration, EnclaveTopology topology, IPlatformDriver driver, Output output, CancellationToken cancellationToken)
    {
        IReadOnlyList<LoadedModel> models = await ServedModelLoading.LoadAsync(configuration, output, cancellationToken).ConfigureAwait(false);
        try
        {
            return await EnclaveCore.StartAsync(models, driver, Options(configuration, topology, models), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
        catch (PlatformException problem)
        {
            throw Refused(problem);
        }
        catch (EnclaveException problem)
        {
            throw new CommandException(ExitCode.Failed, $"{problem.Message} Try another profile with --profile, or the model's files again.", problem);
        }
        catch (ArgumentException problem)
        {
            throw new CommandException(ExitCode.Usage, problem.Message, problem);
        }
    }

    private static EnclaveOptions Options(NodeConfiguration configuration, EnclaveTopology topology, IReadOnlyList<LoadedModel> models) => new()
    {
        Topology = topology,
        MaxRequestBytes = (int)configuration.Limits.BodyBytes,
        MaxOutputTokens = configuration.Engine.MaxOutputTokens,
        MaxActive = configuration.Engine.MaxActive,
        QueueCapacity = configuration.Engine.Queue,
        KeptFor = TimeSpan.FromSeconds(configuration.Openings.KeptSeconds),
        MaxKeptAnswers = configuration.Openings.KeptAnswers,
        MaxKeptBytes = (long)configuration.Openings.KeptMebibytes << 20,
        OpeningsPerReceipt = configuration.Openings.PerReceipt,
        OpeningsPerMinute = configuration.Openings.PerMinute,
        KvBytes = configuration.Engine.KvMebibytes is { } mebibytes ? (long)mebibytes << 20 : null,
        ModelKvBytes = configuration.Served.Zip(models).Where(static pair => pair.First.KvMebibytes is not null)
            .ToDictionary(static pair => pair.Second.Manifest.Name, static pair => (long)pair.First.KvMebibytes!.Value << 20),
        Identity = configuration.Identity is { GenesisHash: { } genesis, NetUid: { } uid, Hotkey: { } hotkey }
            ? new NodeIdentity(Convert.FromHexString(genesis), (uint)uid, Convert.FromHexString(hotkey))
            : null,
    };

    private static CommandException Refused(PlatformException problem) =>
        new(ExitCode.Unsupported, $"this machine cannot serve so: {problem.Message} See what it has with: verathos doctor", problem);
}
