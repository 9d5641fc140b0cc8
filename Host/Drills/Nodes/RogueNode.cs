using System.Runtime.CompilerServices;
using Verathos.Attestation;
using Verathos.Enclave;
using Verathos.Fingerprint.Sampling;
using Verathos.Host.Front;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;
using Verathos.Simulator;

namespace Verathos.Host.Drills.Nodes;

/// <summary>
/// An attacker's node on loopback. It speaks the whole protocol with real keys, seals and signatures, on hardware that the client
/// trusts, and signs and seals whatever the plan says, which no honest enclave would. What it answers it has from the honest node.
/// </summary>
internal sealed class RogueNode : IEnclave
{
    private const int MaximumRequest = 1 << 22;

    // Any id of the vocabulary.
    private const int FirstPadding = 40;

    private readonly DrillGround _ground;
    private readonly Installation _hardware;
    private readonly Func<byte[], Task<EvidenceCollection>> _victim;
    private readonly TimeProvider _time;
    private readonly Material _material;
    private readonly FrontServer _front;
    private RogueKeys _keys;
    private RogueTold? _told;

    private RogueNode(DrillGround ground, Installation hardware, Material material, Func<byte[], Task<EvidenceCollection>> victim, TimeProvider time)
    {
        (_ground, _hardware, _material, _victim, _time) = (ground, hardware, material, victim, time);
        _keys = Keys(new NodePlan());
        _front = new FrontServer(new Configuration.NodeConfiguration { Listen = ["http://127.0.0.1:0"], Limits = new Configuration.LimitsConfiguration { ClientPerMinute = 100_000, ClientBurst = 10_000 } }, this);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => _front.Addresses[0];

    /// <summary>What it does.</summary>
    public RoguePlan Plan { get; private set; } = new();

    /// <summary>The keys that it shows.</summary>
    public RogueKeys CurrentKeys => _keys;

    /// <summary>What it computed last; null where it computed nothing.</summary>
    public Computation? Computed => _told?.Computed;

    /// <summary>Starts it.</summary>
    /// <param name="ground">Where it stands.</param>
    /// <param name="hardware">The vendors of its hardware.</param>
    /// <param name="material">What it answers.</param>
    /// <param name="victim">Asks the honest node for evidence for a nonce.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RogueNode> StartAsync(
        DrillGround ground, Installation hardware, Material material, Func<byte[], Task<EvidenceCollection>> victim, TimeProvider time, CancellationToken cancellationToken)
    {
        RogueNode node = new(ground, hardware, material, victim, time);
        await node._front.StartAsync(cancellationToken).ConfigureAwait(false);
        return node;
    }

    /// <summary>Follows a plan from here on, with fresh keys.</summary>
    public void Play(RoguePlan plan)
    {
        _keys.Dispose();
        Plan = plan;
        _keys = Keys(plan.Evidence);
    }

    public async Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default)
    {
        byte[] asked = nonce.ToArray();
        EvidenceCollection own = EvidenceMint.Collect(Mint(asked, Plan.Evidence), _material.Answer.Node.Evidence.Collection!.Manifest);
        EvidenceCollection shown = Plan.Show is { } show ? await show(new RogueShow(asked, own, _keys, _hardware, _victim, Mint)).ConfigureAwait(false) : own;
        byte[] encoded = shown.Encode();
        return Plan.Encoded?.Invoke(encoded) ?? encoded;
    }

    public Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default) => Task.FromResult(_keys.Keyset.OhttpKeys.ToArray());

    public Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default) => Task.FromResult(new EnclaveStatus
    {
        Model = _material.Answer.Node.ModelName,
        Models = [],
        Ready = true,
        Simulated = true,
        Tee = "simulated",
        Topology = Plan.Evidence.Configuration.Topology,
        ManifestRoot = _material.Answer.Receipt.ManifestRoot,
        KeysetDigest = _keys.Keyset.Digest,
        KeysetNotAfter = _keys.Keyset.NotAfter,
        ContextLength = 0,
        Counters = new EnclaveCounters
        {
            Requests = 0,
            Receipts = 0,
            SealedErrors = 0,
            Undecryptable = 0,
            Replays = 0,
            Abandoned = 0,
            Active = 0,
            PromptTokens = 0,
            OutputTokens = 0,
            Quotes = 0,
            Nonces = 0,
            Openings = 0,
            OpeningsRefused = 0,
            OpeningsFailed = 0,
            Kept = 0,
            KeptBytes = 0,
            Evicted = 0,
            Keysets = 0,
        },
    });

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using ChunkedRequestOpener opener = new(_keys.Hpke, MaximumRequest);
        List<byte> plain = [];
        await foreach (ReadOnlyMemory<byte> piece in request.ConfigureAwait(false))
        {
            opener.Feed(piece.Span);
        }

        opener.Complete();
        while (opener.TryRead(out OhttpChunk chunk))
        {
            plain.AddRange(chunk.Plaintext.Span);
        }

        if (opener.Error != OhttpError.None || !BinaryRequest.TryParse(plain.ToArray(), out BinaryRequest? inner, out _))
        {
            throw new EnclaveException(EnclaveFailure.Undecryptable, "The request does not decapsulate.");
        }

        foreach (byte[] piece in await AnswerAsync(inner, opener, cancellationToken).ConfigureAwait(false))
        {
            yield return piece;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync().ConfigureAwait(false);
        _keys.Dispose();
    }

    private async Task<IReadOnlyList<byte[]>> AnswerAsync(BinaryRequest inner, ChunkedRequestOpener opener, CancellationToken cancellationToken)
    {
        if (Plan.Work is not { } work)
        {
            using RogueAnswer passed = new(Plan, _keys, _material, inner, opener, _time);
            return passed.Write();
        }

        RogueEngine engine = await _ground.EngineAsync(work.Cheat, cancellationToken).ConfigureAwait(false);
        if (inner.Path == VerathosPaths.Openings)
        {
            RogueOpenings openings = new(_ground, _keys, work, engine, _told!.Computed!, _told.Prompt.Length, _told.Prompt.Length + _told.Steps.Count);
            return await openings.AnswerAsync(inner, opener, _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        }

        using RogueAnswer answer = new(Plan, _keys, _material, inner, opener, _time);
        int[] prompt = [.. _material.Answer.PromptIds];
        SamplingClaims asked = answer.Sampling();
        Computation computed = await engine.ComputeAsync(
            [.. work.Hidden, .. prompt, .. work.Injected],
            work.Sampling(new SamplingParameters(asked.TemperatureMicro, asked.TopPMicro, (int)asked.TopK)),
            asked.Seed,
            answer.ClientNonce,
            (int)asked.MaxTokens - work.Injected.Length - work.Padding,
            answer.Secret,
            cancellationToken).ConfigureAwait(false);
        computed = work.Forge(computed, answer.Secret);
        _told = new RogueTold(prompt, engine.Texts([.. work.Injected, .. computed.Output, .. Enumerable.Repeat(FirstPadding, work.Padding)])) { Computed = computed };
        return answer.Write(_told);
    }

    private RogueKeys Keys(NodePlan plan) => new(_time.GetUtcNow(), plan.KeysetLifetime, plan.Kems);

    private NodeEvidence Mint(byte[] nonce, NodePlan plan) =>
        EvidenceMint.Mint(_hardware, _time.GetUtcNow(), nonce, plan, _keys.Keyset.Encoded.ToArray(), _material.Answer.Receipt.ManifestRoot.ToArray());
}
