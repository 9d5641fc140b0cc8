using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Trust;
using Verathos.Host.Cli;
using Verathos.Host.Demo;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Requests;
using Verathos.Simulator;

namespace Verathos.Host.Drills;

/// <summary>
/// The ground that drills run on: an honest simulated node, what it honestly answered, an attacker's node beside it, and the client
/// that is attacked. Nothing is drilled where the honest exchange is not accepted: then a refusal would show nothing.
/// </summary>
internal sealed class DrillGround : IAsyncDisposable
{
    /// <summary>What is asked unless something else is: the models of the project tell a story of more tokens than are asked for.</summary>
    public const string DefaultPrompt = "Once upon a time";

    private const int Tokens = 48;

    private readonly List<IAsyncDisposable> _nodes = [];
    private readonly string? _temporary;
    private readonly Installation? _hardware;
    private readonly Dictionary<string, RogueEngine> _engines = [];
    private RogueNode? _rogue;
    private DrillAudit? _audit;

    private DrillGround(Uri node, bool own, string folder, string prompt, TrustAnchors anchors, Installation? hardware, string? temporary)
    {
        (Node, Own, Folder, Anchors, _hardware, _temporary) = (node, own, folder, anchors, hardware, temporary);
        (Request, Greedy) = (Completion(prompt, Tokens), Completion(prompt, Tokens, temperature: 0));
    }

    /// <summary>The honest node.</summary>
    public Uri Node { get; }

    /// <summary>Whether it is the drill's own.</summary>
    public bool Own { get; }

    /// <summary>The folder of the simulated installation.</summary>
    public string Folder { get; }

    /// <summary>Trust in that installation's roots.</summary>
    public TrustAnchors Anchors { get; }

    /// <summary>The policy that judges both nodes: the production policy with simulated anchors and this model.</summary>
    public Policy Policy { get; private set; } = DrillPolicies.Simulated;

    /// <summary>What every drill asks.</summary>
    public InferenceRequest Request { get; }

    /// <summary>The same without chance: what is drawn does not depend on the seed.</summary>
    public InferenceRequest Greedy { get; }

    /// <summary>What the honest node answered to it.</summary>
    public Material Material { get; private set; } = null!;

    /// <summary>The client that is attacked.</summary>
    public IDrillClient Client { get; set; } = new ShippedClient();

    /// <summary>Simulated hardware of the vendors that the client trusts; null where only their roots are at hand.</summary>
    public Installation? Hardware => _hardware;

    /// <summary>A validator with keys of the named model; only for a node of the drill's own, whose model is at hand.</summary>
    public DrillAudit Audit => _audit ??= DrillAudit.Make(ModelPath.Resolve(null), CancellationToken.None);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = TimeProvider.System;

    /// <summary>Starts a node of the drill's own, on an installation of its own that goes with it.</summary>
    /// <param name="model">The model's path.</param>
    /// <param name="output">Where loading is noted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="watch">Puts something between the node's front and its enclave; null for nothing.</param>
    /// <param name="prompt">What every drill asks.</param>
    public static async Task<DrillGround> StartAsync(
        string model, Output output, CancellationToken cancellationToken, Func<Enclave.IEnclave, Enclave.IEnclave>? watch = null, string prompt = DefaultPrompt)
    {
        string folder = Directory.CreateTempSubdirectory("verathos-drill-").FullName;
        DemoNode? node = null;
        Installation? hardware = null;
        try
        {
            node = await StartNodeAsync(folder, model, output, watch, cancellationToken).ConfigureAwait(false);
            hardware = Installation.OpenOrCreate(folder);
            DrillGround ground = new(node.Address, own: true, folder, prompt, Load(folder), hardware, folder);
            ground._nodes.Add(node);
            return await ground.BeginAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (node is not null)
            {
                await node.DisposeAsync().ConfigureAwait(false);
            }

            hardware?.Dispose();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Goes to a node that runs already.</summary>
    /// <param name="node">Its address.</param>
    /// <param name="folder">The installation whose roots judge it; with its keys there, an attacker's hardware is at hand too.</param>
    /// <param name="prompt">What every drill asks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">Its honest answer is not accepted, or is too short to be attacked everywhere.</exception>
    public static async Task<DrillGround> AtAsync(Uri node, string folder, string prompt, CancellationToken cancellationToken)
    {
        TrustAnchors anchors = Load(folder);
        Installation? hardware = Directory.Exists(Path.Combine(folder, "authority")) ? Installation.OpenOrCreate(folder) : null;
        DrillGround ground = new(node, own: false, folder, prompt, anchors, hardware, temporary: null);
        try
        {
            return await ground.BeginAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            hardware?.Dispose();
            throw;
        }
    }

    /// <summary>The attacker's node, following a plan from here on.</summary>
    public async Task<RogueNode> RogueAsync(RoguePlan plan, CancellationToken cancellationToken)
    {
        if (_rogue is null)
        {
            _rogue = await RogueNode.StartAsync(this, _hardware!, Material, VictimAsync, Time, cancellationToken).ConfigureAwait(false);
            _nodes.Add(_rogue);
        }

        _rogue.Play(plan);
        return _rogue;
    }

    /// <summary>An engine for the attacker's node; stopped with the ground.</summary>
    public Task<RogueEngine> EngineAsync(string cheat, CancellationToken cancellationToken)
    {
        if (!_engines.TryGetValue(cheat, out RogueEngine? engine))
        {
            _engines[cheat] = engine = RogueEngine.Load(ModelPath.Resolve(null), cheat, cancellationToken);
            _nodes.Insert(0, engine);
        }

        return Task.FromResult(engine);
    }

    /// <summary>A further honest node of the same installation; stopped with the ground.</summary>
    public async Task<Uri> ReplicaAsync(CancellationToken cancellationToken)
    {
        DemoNode replica = await StartNodeAsync(Folder, ModelPath.Resolve(null), null, watch: null, cancellationToken).ConfigureAwait(false);
        _nodes.Add(replica);
        return replica.Address;
    }

    /// <summary>An exchange of the client that is attacked with a node.</summary>
    public DrillCall Call(Uri node) => new(node, Policy, Anchors, Request);

    /// <summary>Why a drill cannot be tried here; null where it can.</summary>
    public string? Misses(Drill drill) => drill.Needs switch
    {
        DrillNeeds.OwnNode when !Own => "it works on the inside of the node, or on a second one, and this node is not the drill's own",
        DrillNeeds.Hardware when _hardware is null => $"it needs hardware that the client trusts, and {Folder} holds only the roots of the simulated vendors",
        _ => null,
    };

    /// <summary>A completion without a chat's template, sampled with a seed, so that every parameter is stated.</summary>
    public static InferenceRequest Completion(string prompt, int tokens, double temperature = 0.7) => InferenceRequest.TryParse(
        InferenceKind.Completion,
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { prompt, temperature, top_p = 0.9, top_k = 40, seed = 42, max_tokens = tokens }),
        out InferenceRequest? request,
        out string? error)
        ? request!
        : throw new InvalidOperationException(error);

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable node in Enumerable.Reverse(_nodes))
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }

        _audit?.Dispose();
        _hardware?.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    private static async Task<DemoNode> StartNodeAsync(
        string folder, string model, Output? output, Func<Enclave.IEnclave, Enclave.IEnclave>? watch, CancellationToken cancellationToken) => await DemoNode.StartAsync(
        await ModelLoading.LoadAsync(output ?? new Output(TextWriter.Null, TextWriter.Null, json: true), model, new GpuRuntime.Models.LoadOptions(), cancellationToken).ConfigureAwait(false),
        watch,
        cancellationToken,
        new Configuration.LimitsConfiguration { ClientPerMinute = 100_000, ClientBurst = 10_000 },
        folder).ConfigureAwait(false);

    private static TrustAnchors Load(string folder) => TrustAnchors.TryLoadSimulated(folder, out TrustAnchors? anchors, out string? error)
        ? anchors!
        : throw new CommandException(ExitCode.Failed, $"the simulated trust anchors cannot be read: {error} (--trust-anchor names a folder)");

    private async Task<DrillGround> BeginAsync(CancellationToken cancellationToken)
    {
        using EvidenceFetcher fetcher = new(ShippedClient.Options(Call(Node)));
        FetchedEvidence fetched = await fetcher.FetchAsync(Node, cancellationToken).ConfigureAwait(false);
        AppraisedEvidence evidence = EvidenceVerifier.Appraise(fetched.Raw, fetched.Nonce, fetched.RequestedAt, null, Anchors, Time.GetUtcNow(), TimeSource.Verifier);
        Policy = DrillPolicies.For((evidence.Manifest ?? throw Unfit($"its evidence does not parse: {evidence.Verdict.Find(evidence.Verdict.Reason)?.Detail}")).Root);
        try
        {
            using VerathosClient client = await VerathosClient.ConnectAsync(Node, ShippedClient.Options(Call(Node)) with { KeepTickets = true }, cancellationToken).ConfigureAwait(false);
            Material = await Material.TakeAsync(client, Request, cancellationToken).ConfigureAwait(false);
        }
        catch (VerathosException failure)
        {
            throw Unfit(failure.Message);
        }

        // Attacks on chunks and on checkpoints would find nothing to change in it, and pass for attacks that got through.
        if (Material.Steps.Count <= SseEvents.CheckpointTokens)
        {
            throw new CommandException(
                ExitCode.Failed,
                $"{Node} cannot be drilled: its honest answer ends after {Material.Steps.Count} tokens, and attacks need more than {SseEvents.CheckpointTokens}; give --prompt something that it answers at length");
        }

        if (Misses(new Drill("", "", "", "", DrillNeeds.Hardware, null!)) is null)
        {
            RogueNode rogue = await RogueAsync(new RoguePlan(), cancellationToken).ConfigureAwait(false);
            DrillOutcome outcome = await new ShippedClient().AskAsync(Call(rogue.Address), cancellationToken).ConfigureAwait(false);
            if (outcome.RefusedBy is not null)
            {
                throw new CommandException(ExitCode.Failed, $"the drills' own node was refused without an attack: {outcome.RefusedBy}: {outcome.Detail}");
            }
        }

        return this;
    }

    private CommandException Unfit(string why) => new(
        ExitCode.Failed, $"{Node} cannot be drilled, since its honest answer is not accepted by the production policy with simulated anchors: {why}");

    private async Task<EvidenceCollection> VictimAsync(byte[] nonce)
    {
        using HttpClient http = new();
        byte[] raw = await http.GetByteArrayAsync(new Uri(Node, $"{VerathosPaths.Evidence}?nonce={Convert.ToHexStringLower(nonce)}")).ConfigureAwait(false);
        return EvidenceCollection.TryDecode(raw, out EvidenceCollection? collection, out string? error) ? collection : throw new InvalidDataException(error);
    }
}
