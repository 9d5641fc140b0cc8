using System.Security.Cryptography;
using Verathos.Attestation.Policies;
using Verathos.Client;
using Verathos.Fingerprint.Limits;
using Verathos.GpuRuntime.Compute;
using Verathos.Validator.Audits;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Keys;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;
using Verathos.Validator.Verdicts;

namespace Verathos.Validator.Epochs;

/// <summary>All parts of a running validator, made from its folder.</summary>
public sealed class ValidatorServices : IDisposable
{
    private readonly OwnerKey _owner;
    private readonly StateSeal _seal;
    private readonly byte[] _canarySecret;

    private ValidatorServices(ValidatorFolder folder, OwnerKey owner, StateSeal seal, byte[] canarySecret, ValidatorState state, ModelShelf models, NodeClients clients, TimeProvider clock)
    {
        (Folder, _owner, _seal, _canarySecret, State, Models, Clients, Clock) = (folder, owner, seal, canarySecret, state, models, clients, clock);
        ValidatorConfiguration configuration = folder.Configuration;
        Limits = folder.LoadLimits();
        Keys = new KeyRing(folder.KeysFolder, owner.Secret);
        OutcomeWeights weights = new(folder.LoadLikelihoods());
        Corpus = configuration.Canaries.Open(canarySecret, folder.Root);
        CanarySource source = new(Corpus, canarySecret);
        Texts = new CanaryTexts(state, source);
        Rates = new AuditRates(configuration, configuration.CanariesPerNode);
        Replicas = new ReplicaCheck(configuration, state, weights, clock);
        Start = new EpochStart(configuration, state, new FileNodeDirectory(folder.Resolve(configuration.Nodes)), source, clock, line => Log?.Invoke(line));
        Challenger = new Challenger(configuration, state, clients, clock);
        Sender = new CanarySender(folder, state, clients, Texts, Keys, Limits, Rates, clock);
        Auditor = new AuditRunner(folder, state, clients, new OpeningAudit(Keys, Limits, weights), models.Models.Count > 0 ? new DeepAudit(models, Limits, weights) : null, clock);
        Close = new EpochClose(folder, state, Replicas, new VerdictExchange(folder, owner, state, Rates.BoundMicro, clock), Texts, Keys, clock);
    }

    /// <summary>The folder.</summary>
    public ValidatorFolder Folder { get; }

    /// <summary>The state.</summary>
    public ValidatorState State { get; }

    /// <summary>The models whose weights are here.</summary>
    public ModelShelf Models { get; }

    /// <summary>The clients.</summary>
    public NodeClients Clients { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Measured limits.</summary>
    public LimitTable Limits { get; }

    /// <summary>Matrix keys.</summary>
    public KeyRing Keys { get; }

    /// <summary>The pool of canaries.</summary>
    public ICanaryCorpus Corpus { get; }

    /// <summary>Takes one line for the owner; no secrets.</summary>
    public Action<string>? Log { get; set; }

    internal CanaryTexts Texts { get; }

    internal AuditRates Rates { get; }

    internal ReplicaCheck Replicas { get; }

    internal EpochStart Start { get; }

    internal Challenger Challenger { get; }

    internal CanarySender Sender { get; }

    internal AuditRunner Auditor { get; }

    internal EpochClose Close { get; }

    /// <summary>Opens a validator's folder for running.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="handler">What carries HTTP; null for the ordinary one.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    /// <exception cref="InvalidDataException">A file is missing or wrong, or a model has no measured limits.</exception>
    /// <exception cref="StateException">The state is in use, or of another version.</exception>
    public static ValidatorServices Open(ValidatorFolder folder, TimeProvider clock, HttpMessageHandler? handler = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        OwnerKey? owner = null;
        StateSeal? seal = null;
        ValidatorState? state = null;
        ModelShelf? models = null;
        NodeClients? clients = null;
        byte[] canarySecret = GC.AllocateArray<byte>(32, pinned: true);
        try
        {
            Policy policy = folder.LoadPolicy();
            clients = new NodeClients(new ClientOptions
            {
                Policy = policy,
                TrustAnchors = folder.LoadAnchors(policy),
                AllowSimulated = folder.Configuration.AllowSimulated,
                KeepTickets = true,
                TimeProvider = clock,
                HttpMessageHandler = handler,
            });
            owner = OwnerKey.Load(folder.OwnerKeyPath);
            seal = new StateSeal(owner.Secret);
            HKDF.DeriveKey(HashAlgorithmName.SHA256, owner.Secret, canarySecret, [], "verathos.validator-canaries.v1"u8);
            state = ValidatorState.Open(folder.StatePath, seal);
            models = ModelShelf.Load([.. folder.Configuration.Models.Select(folder.Resolve)], Environment.ProcessorCount, cancellationToken);
            ValidatorServices services = new(folder, owner, seal, canarySecret, state, models, clients, clock);
            if (models.Models.FirstOrDefault(model => !services.Limits.TryFind(model.Manifest.Root, NumericProfile.Served.Identifier, out _)) is { } unmeasured)
            {
                string root = Convert.ToHexStringLower(unmeasured.Manifest.Root);
                services.Dispose();
                throw new InvalidDataException($"no limits were measured of the model {root} in {NumericProfile.Served.Identifier}: measure them with 'verathos validator calibrate'");
            }

            return services;
        }
        catch
        {
            models?.Dispose();
            state?.Dispose();
            seal?.Dispose();
            owner?.Dispose();
            clients?.Dispose();
            CryptographicOperations.ZeroMemory(canarySecret);
            throw;
        }
    }

    /// <summary>Makes the keys of an epoch for every model whose weights are here, where they are not made yet.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <returns>The files that were made.</returns>
    public IReadOnlyList<string> MakeKeys(long epoch)
    {
        List<string> made = [];
        foreach (Verathos.GpuRuntime.Fingerprints.ReplayModel model in Models.Models)
        {
            if (!File.Exists(KeyRing.PathOf(Folder.KeysFolder, model.Manifest.Root, epoch)))
            {
                made.Add(Models.Use(model.Manifest.Root, own => KeyRing.Make(own, Folder.KeysFolder, epoch, _owner.Secret)).Path);
            }
        }

        return made;
    }

    /// <summary>Refuses an epoch that nothing could be judged in: without a key file, or with one of a model whose limits were not measured.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <exception cref="InvalidDataException">It is one; the message says what to do.</exception>
    public void RequireKeys(long epoch)
    {
        string[] files = [.. Directory.EnumerateFiles(Folder.KeysFolder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"*-{epoch}.keys"))];
        if (files.Length == 0)
        {
            throw new InvalidDataException($"there are no keys for epoch {epoch}, and the settings name no model to make them from: make some with 'verathos validator keys'");
        }

        foreach (string file in files)
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (!Fingerprint.Keys.KeyFileHeader.TryRead(stream, out Fingerprint.Keys.KeyFileHeader? header) || !Limits.TryFind(header.ManifestRoot.Span, header.Profile, out _))
            {
                throw new InvalidDataException($"{file} is of a model without measured limits, or no key file: measure them with 'verathos validator calibrate', or remove it");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Keys.Dispose();
        Models.Dispose();
        State.Dispose();
        _seal.Dispose();
        _owner.Dispose();
        Clients.Dispose();
        CryptographicOperations.ZeroMemory(_canarySecret);
    }
}
