using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Security.Cryptography;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave.Serving;

/// <summary>The models of an enclave, with the manifest and the configuration that evidence binds them by. They share places, queue, memory and processors.</summary>
internal sealed class ServedModels : IAsyncDisposable
{
    private readonly EnclaveOptions _options;
    private readonly IPlatformDriver _driver;
    private readonly EngineShare _share;

    /// <summary>Takes models over and starts their engines.</summary>
    /// <param name="models">One or more, the default first, of different names.</param>
    /// <param name="options">How the enclave behaves.</param>
    /// <param name="driver">The platform.</param>
    public ServedModels(IReadOnlyList<LoadedModel> models, EnclaveOptions options, IPlatformDriver driver)
        : this(options, driver, new EngineShare(options.KvBytes is { } bytes ? new KvBudget(bytes) : KvBudget.Of(models[0].Backend), options.MaxActive, options.QueueCapacity), models)
    {
    }

    private ServedModels(EnclaveOptions options, IPlatformDriver driver, EngineShare share, IReadOnlyList<LoadedModel> models)
        : this(options, driver, share, [.. models.Select(model => new ServedModel(model, options, share))])
    {
    }

    private ServedModels(EnclaveOptions options, IPlatformDriver driver, EngineShare share, ServedModel[] models)
    {
        (_options, _driver, _share, All) = (options, driver, share, models);
        if (models.Length == 1)
        {
            ManifestBytes = Default.Loaded.Manifest.Encode();
            ManifestRoot = Default.Loaded.Manifest.Root;
        }
        else
        {
            ManifestBytes = new ModelSet([.. models.Select(static model => model.Entry)]).Encode();
            ManifestRoot = SHA256.HashData(ManifestBytes);
        }

        Topology = options.Topology == EnclaveTopology.Split ? NodeConfiguration.Split : NodeConfiguration.InProcess;
        NodeConfiguration configuration = new(
            Topology,
            EngineName,
            Default.Profile,
            new NodeLimits((uint)options.MaxRequestBytes, (uint)models.Max(static model => model.MaxPromptTokens), (uint)options.MaxOutputTokens, (uint)options.MaxActive),
            driver.IsSimulated,
            // What the gate holds every GPU to before there are keys; only the measured enclave can say it.
            driver.ExpectedGpus == 0 ? null : true,
            driver.ExpectedGpus == 0 ? null : false,
            All.Any(static model => model.Engine.Commits)
                ? new OpeningLimits((uint)options.KeptFor.TotalSeconds, (uint)options.OpeningsPerReceipt, (uint)options.OpeningsPerMinute)
                : null);
        ConfigurationBytes = configuration.Encode();
        ConfigurationDigest = SHA256.HashData(ConfigurationBytes);
    }

    /// <summary>The engine's name and version, as the configuration states it.</summary>
    public static string EngineName { get; } = "verathos-" + (typeof(InferenceEngine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    /// <summary>All models in their order.</summary>
    public IReadOnlyList<ServedModel> All { get; }

    /// <summary>The first model.</summary>
    public ServedModel Default => All[0];

    /// <summary>Where the enclave runs, as the configuration states it.</summary>
    public string Topology { get; }

    /// <summary>The encoded manifest.</summary>
    public byte[] ManifestBytes { get; }

    /// <summary>What the binding states as the manifest's root, 32 bytes.</summary>
    public byte[] ManifestRoot { get; }

    /// <summary>The encoded configuration.</summary>
    public byte[] ConfigurationBytes { get; }

    /// <summary>SHA-256 of <see cref="ConfigurationBytes"/>.</summary>
    public byte[] ConfigurationDigest { get; }

    /// <summary>Finds a model by the name that requests give.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out ServedModel? model)
    {
        model = All.FirstOrDefault(served => served.Name == name);
        return model is not null;
    }

    /// <summary>The name that signed statements give a model: null where there is no other.</summary>
    public string? StatedName(ServedModel model) => All.Count == 1 ? null : model.Name;

    /// <summary>The same models with another in one's place. That one is still to be disposed; the others' engines go on.</summary>
    /// <param name="index">Whose place.</param>
    /// <param name="model">The model, which is taken over.</param>
    public ServedModels With(int index, LoadedModel model) =>
        new(_options, _driver, _share, [.. All.Select((served, i) => i == index ? new ServedModel(model, _options, _share) : served)]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ServedModel model in All)
        {
            await model.DisposeAsync().ConfigureAwait(false);
        }
    }
}
