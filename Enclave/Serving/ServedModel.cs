using System.Reflection;
using System.Security.Cryptography;
using Verathos.Enclave.Platform;
using Verathos.Fingerprint.Constraints;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave.Serving;

/// <summary>A loaded model with its engine and the configuration that evidence binds it by.</summary>
internal sealed class ServedModel : IAsyncDisposable
{
    private readonly Lazy<TokenIndex> _vocabulary;

    /// <summary>Takes the model over and starts its engine.</summary>
    public ServedModel(LoadedModel model, EnclaveOptions options, IPlatformDriver driver)
    {
        Loaded = model;
        _vocabulary = new Lazy<TokenIndex>(() => new TokenIndex(model.Config.VocabularySize, id => model.Tokenizer.TokenBytes(id).ToArray()));
        Name = model.Manifest.Name;
        ContextLength = model.MaxContext;
        Profile = model.Profile.Identifier;
        ManifestBytes = model.Manifest.Encode();
        Engine = new InferenceEngine(model, new EngineOptions
        {
            QueueCapacity = options.QueueCapacity,
            MaxActive = options.MaxActive,
            Memory = options.KvBytes is { } bytes ? new KvBudget(bytes) : null,
        });
        MaxPromptTokens = Math.Min(options.MaxPromptTokens == 0 ? int.MaxValue : options.MaxPromptTokens, ContextLength - 1);
        Topology = options.Topology == EnclaveTopology.Split ? NodeConfiguration.Split : NodeConfiguration.InProcess;
        NodeConfiguration configuration = new(
            Topology,
            EngineName,
            Profile,
            new NodeLimits((uint)options.MaxRequestBytes, (uint)MaxPromptTokens, (uint)options.MaxOutputTokens, (uint)options.MaxActive),
            driver.IsSimulated,
            // What the gate holds every GPU to before there are keys; only the measured enclave can say it.
            driver.ExpectedGpus == 0 ? null : true,
            driver.ExpectedGpus == 0 ? null : false);
        ConfigurationBytes = configuration.Encode();
        ConfigurationDigest = SHA256.HashData(ConfigurationBytes);
    }

    /// <summary>The engine's name and version, as the configuration states it.</summary>
    public static string EngineName { get; } = "verathos-" + (typeof(InferenceEngine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    /// <summary>The model.</summary>
    public LoadedModel Loaded { get; }

    /// <summary>Generates.</summary>
    public InferenceEngine Engine { get; }

    /// <summary>The vocabulary in the order that constraints need; made with the first that does.</summary>
    public TokenIndex Vocabulary => _vocabulary.Value;

    /// <summary>The name that requests ask for.</summary>
    public string Name { get; }

    /// <summary>Where the enclave runs, as the configuration states it.</summary>
    public string Topology { get; }

    /// <summary>The numeric profile, which fixes the bits.</summary>
    public string Profile { get; }

    /// <summary>Prompt and answer together, in tokens.</summary>
    public int ContextLength { get; }

    /// <summary>The longest prompt in tokens; it leaves room for at least one more.</summary>
    public int MaxPromptTokens { get; }

    /// <summary>The encoded manifest.</summary>
    public byte[] ManifestBytes { get; }

    /// <summary>The encoded configuration.</summary>
    public byte[] ConfigurationBytes { get; }

    /// <summary>SHA-256 of <see cref="ConfigurationBytes"/>.</summary>
    public byte[] ConfigurationDigest { get; }

    /// <summary>Whether <see cref="SelfTest"/> was passed.</summary>
    public bool IsTested { get; set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Loaded.Dispose();
    }
}
