using Verathos.Fingerprint.Constraints;
using Verathos.Fingerprint.Manifest;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave.Serving;

/// <summary>A loaded model with its engine.</summary>
internal sealed class ServedModel : IAsyncDisposable
{
    private readonly Lazy<TokenIndex> _vocabulary;

    /// <summary>Takes the model over and starts its engine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How the enclave behaves.</param>
    /// <param name="share">What the engines of the enclave share.</param>
    public ServedModel(LoadedModel model, EnclaveOptions options, EngineShare share)
    {
        Loaded = model;
        _vocabulary = new Lazy<TokenIndex>(() => new TokenIndex(model.Config.VocabularySize, id => model.Tokenizer.TokenBytes(id).ToArray()));
        Name = model.Manifest.Name;
        ContextLength = model.MaxContext;
        Profile = model.Profile.Identifier;
        Engine = new InferenceEngine(model, new EngineOptions
        {
            Share = share,
            Memory = options.ModelKvBytes.TryGetValue(Name, out long bytes) ? new KvBudget(bytes) : null,
        });
        MaxPromptTokens = Math.Min(options.MaxPromptTokens == 0 ? int.MaxValue : options.MaxPromptTokens, ContextLength - 1);
    }

    /// <summary>The model.</summary>
    public LoadedModel Loaded { get; }

    /// <summary>Generates.</summary>
    public InferenceEngine Engine { get; }

    /// <summary>The vocabulary in the order that constraints need; made with the first that does.</summary>
    public TokenIndex Vocabulary => _vocabulary.Value;

    /// <summary>The name that requests ask for.</summary>
    public string Name { get; }

    /// <summary>The numeric profile, which fixes the bits.</summary>
    public string Profile { get; }

    /// <summary>Prompt and answer together, in tokens.</summary>
    public int ContextLength { get; }

    /// <summary>The longest prompt in tokens; it leaves room for at least one more.</summary>
    public int MaxPromptTokens { get; }

    /// <summary>What was done with it since its test.</summary>
    public ModelCounters Counters { get; private set; } = new();

    /// <summary>Whether <see cref="SelfTest"/> was passed.</summary>
    public bool IsTested { get; private set; }

    /// <summary>The model as the manifest of several lists it.</summary>
    public ModelEntry Entry
    {
        get
        {
            ModelManifest manifest = Loaded.Manifest;
            return new ModelEntry(Name, manifest.Root, (uint)manifest.Tensors, (ulong)manifest.Bytes, (uint)manifest.Leaves, Profile, (uint)MaxPromptTokens);
        }
    }

    /// <summary>What the enclave says of it to its host.</summary>
    public ModelStatus Status => new()
    {
        Name = Name,
        ManifestRoot = Loaded.Manifest.Root,
        Profile = Profile,
        ContextLength = ContextLength,
        Queued = Engine.QueuedRequests,
        Running = Engine.ActiveSequences,
        Accepted = Interlocked.Read(ref Counters.Accepted),
        Receipts = Interlocked.Read(ref Counters.Receipts),
        PromptTokens = Interlocked.Read(ref Counters.PromptTokens),
        OutputTokens = Interlocked.Read(ref Counters.OutputTokens),
    };

    /// <summary>The model passed its test, which counts for nobody.</summary>
    public void Pass() => (IsTested, Counters) = (true, new ModelCounters());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Loaded.Dispose();
    }
}
