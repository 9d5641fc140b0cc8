using System.Security.Cryptography;
using System.Text;
using Verathos.Client.Openings;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sketches;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;
using Verathos.Validator.Audits;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.Disputes;
using Verathos.Validator.Keys;
using Verathos.Validator.Proofs;
using Verathos.Validator.State;
using Verathos.Validator.Tests.Epochs;
using Verathos.Validator.Tests.State;

namespace Verathos.Validator.Tests.Audits;

/// <summary>What tiers 0 to 3 say of an honest node's answer and of a cheat's, of proofs that were changed, and of a validator that lacks something.</summary>
public sealed class JudgingTests(AnsweredNodes nodes) : IClassFixture<AnsweredNodes>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static OutcomeWeights Weights { get; } = new(SimulatedNodes.Tables());

    [Fact]
    public void Openings_of_an_honest_answer_pass_and_weigh_by_their_table()
    {
        WorkEnd end = Judge(nodes.Honest.Openings);
        Assert.Equal(WorkResult.Passed, end.Result);
        Assert.Empty(end.Events);
        Assert.Equal(["layer", "logits", "layer", "logits"], end.Outcomes.Select(static outcome => outcome.Test));
        Assert.All(end.Outcomes, static outcome => Assert.Equal((outcome.Test == "layer" ? 1 : 0, 0), (outcome.TableVersion, outcome.Outcome)));
        Assert.All(end.Outcomes, static outcome => Assert.Equal(outcome.Test == "layer", outcome.WeightMicro < 0));
    }

    [Fact]
    public void A_cheats_openings_catch_it_and_weigh_against_it()
    {
        WorkEnd end = Judge(nodes.Cheat.Openings, nodes.Cheat.Audited);
        Assert.Equal(WorkResult.Failed, end.Result);
        Assert.Equal(EventKind.Caught, Assert.Single(end.Events).Kind);
        Assert.Contains(end.Outcomes, static outcome => !outcome.Passed && outcome.Outcome == 1);
    }

    [Theory]
    [InlineData("the version", 0)]
    [InlineData("the kind", 1)]
    [InlineData("the position", 9)]
    [InlineData("a salt", 20)]
    [InlineData("the middle", -2)]
    [InlineData("the end", -1)]
    public void A_layer_with_one_changed_byte_catches_the_node(string name, int at)
    {
        byte[] layer = nodes.Honest.Openings[0].Layer.ToArray();
        layer[at switch { -1 => layer.Length - 1, -2 => layer.Length / 2, _ => at }] ^= 1;
        WorkEnd end = Judge([(layer, nodes.Honest.Openings[0].Logits), nodes.Honest.Openings[1]]);
        Assert.True(end.Result == WorkResult.Failed && end.Events.Any(static happened => happened.Kind == EventKind.Caught), name);
        Assert.StartsWith("layer.", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Malformed_missing_swapped_and_foreign_openings_are_the_nodes_fault()
    {
        (ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)[] good = [.. nodes.Honest.Openings];
        Assert.Equal(("opening.count", WorkResult.Failed), Reason(Judge(good[..1])));
        Assert.Equal(("opening.count", WorkResult.Failed), Reason(Judge([])));
        Assert.Equal(("layer.form", WorkResult.Failed), Reason(Judge([(default, good[0].Logits), good[1]])));
        Assert.Equal(("layer.form", WorkResult.Failed), Reason(Judge([(good[0].Layer[..^1], good[0].Logits), good[1]])));
        Assert.Equal(("logits.form", WorkResult.Failed), Reason(Judge([(good[0].Layer, default), good[1]])));
        Assert.Equal(WorkResult.Failed, Judge([good[1], good[0]]).Result);
        Assert.Equal(("layer.step", WorkResult.Failed), Reason(Judge(nodes.Cheat.Openings, nodes.Honest.Audited with { AuditSecret = nodes.Cheat.Audited.AuditSecret, Receipt = nodes.Cheat.Audited.Receipt with { TraceRoot = new byte[32] }, Ids = nodes.Cheat.Audited.Ids, PromptTokens = nodes.Cheat.Audited.PromptTokens })));
        Assert.Equal(("receipt.roots", WorkResult.Failed), Reason(Judge(good, nodes.Honest.Audited with { Receipt = nodes.Honest.Audited.Receipt with { TraceRoot = null } })));
    }

    [Fact]
    public void What_makes_a_judge_throw_is_the_nodes_fault()
    {
        // A number that no sampler takes: reading it overflows.
        AuditedAnswer answer = nodes.Honest.Audited;
        answer = answer with { Receipt = answer.Receipt with { Sampling = answer.Receipt.Sampling with { TopK = uint.MaxValue } } };
        Assert.Equal(("logits.form", WorkResult.Failed), Reason(Judge(nodes.Honest.Openings, answer)));
    }

    [Fact]
    public void What_makes_a_deep_audit_throw_is_the_nodes_fault()
    {
        ReplayModel model = nodes.Models.Models[0];
        AnsweredNodes.Opened honest = nodes.Honest;
        Receipt receipt = honest.Audited.Receipt;
        WorkEnd Changed(AuditedAnswer answer) => Deep(honest with { Audited = answer }, depth: model.Config.Layers);
        Assert.Equal(("margin.form", WorkResult.Failed), Reason(Changed(honest.Audited with { Receipt = receipt with { Sampling = receipt.Sampling with { TopK = uint.MaxValue } } })));
        Assert.Equal((AnswerCheck.Ids, WorkResult.Failed), Reason(Changed(honest.Audited with { Ids = [.. honest.Audited.Ids[..^1], model.Config.VocabularySize] })));
        Assert.Equal((AnswerCheck.Empty, WorkResult.Failed), Reason(Changed(honest.Audited with { PromptTokens = honest.Audited.Ids.Length })));
    }

    [Fact]
    public async Task What_makes_a_dispute_throw_is_the_nodes_fault()
    {
        CommittedTrace trace = new(nodes.Models.Models[0].Shape, nodes.Honest.Ticket.Steps, nodes.Honest.Audited.Receipt.TraceRoot!.Value);
        OpeningAnswer hashes = await nodes.Honest.Session.OpenAsync(nodes.Honest.Ticket, OpeningAsk.StepHashes, Cancel);
        OpeningAnswer leaves = await nodes.Honest.Session.OpenAsync(nodes.Honest.Ticket, OpeningAsk.Step(0), Cancel);
        Assert.Equal(trace.Steps, DisputeRunner.Hashes(hashes, (int)trace.Steps, trace)!.Length);
        Assert.Equal(0, DisputeRunner.Leaves(leaves, 0, trace)!.Position);

        // Answers without an item: reading one leaves the list.
        Assert.ThrowsAny<ArgumentException>(() => (hashes with { Items = [] }).StepHashes());
        Assert.Null(DisputeRunner.Hashes(hashes with { Items = [] }, (int)trace.Steps, trace));
        Assert.Null(DisputeRunner.Leaves(leaves with { Items = [] }, 0, trace));
    }

    [Fact]
    public void What_a_disk_a_memory_or_a_stop_throws_is_never_the_nodes_fault()
    {
        foreach (Exception own in (Exception[])[new IOException(), new OutOfMemoryException(), new OperationCanceledException(), new ObjectDisposedException("keys"), new KeyNotFoundException(), new UnauthorizedAccessException()])
        {
            Assert.False(NodeBytes.AreToBlame(own), own.GetType().Name);
            Assert.Equal(WorkResult.ValidatorError, Validator.Nodes.NodeFault.Of(own, null, static _ => null).Result);
            Assert.Same(own, Assert.ThrowsAny<Exception>(() => NodeBytes.Judge<WorkEnd?>(() => throw own, null)));
        }

        // A replay of this validator's that fails is its own, whatever the node answered.
        using ModelShelf closed = ModelShelf.Load([SimulatedNodes.ModelPath], 1, Cancel);
        closed.Dispose();
        Assert.ThrowsAny<Exception>(() => new DeepAudit(closed, AnsweredNodes.Limits, Weights).Judge(AnsweredNodes.Canary, nodes.Honest.Audited, nodes.Honest.Toploc, nodes.Honest.Sketches));
    }

    [Fact]
    public void What_this_validator_lacks_is_never_the_nodes_fault()
    {
        Assert.Equal(("keys.missing", WorkResult.ValidatorError), Reason(Judge(nodes.Honest.Openings, epoch: 2)));
        Assert.Equal(("limits.missing", WorkResult.ValidatorError), Reason(Judge(nodes.Honest.Openings, limits: new LimitTable(1, []))));
        Assert.Equal(("keys.missing", WorkResult.ValidatorError), Reason(Judge(nodes.Honest.Openings, owner: new byte[32])));

        // A key of one epoch judges no other, whatever its file is called.
        string renamed = KeyRing.PathOf(nodes.Folder, SimulatedNodes.Root, 3);
        File.Copy(KeyRing.PathOf(nodes.Folder, SimulatedNodes.Root, 1), renamed);
        Assert.Equal(("keys.missing", WorkResult.ValidatorError), Reason(Judge(nodes.Honest.Openings, epoch: 3)));
        using KeyRing ring = new(nodes.Folder, AnsweredNodes.Owner);
        ring.Retire(3);
        Assert.False(File.Exists(renamed));
        Assert.True(File.Exists(KeyRing.PathOf(nodes.Folder, SimulatedNodes.Root, 1)));
        using ModelShelf none = ModelShelf.Load([], 1, Cancel);
        Assert.Equal(("model.missing", WorkResult.ValidatorError), Reason(new DeepAudit(none, AnsweredNodes.Limits, Weights).Judge(AnsweredNodes.Canary, nodes.Honest.Audited, nodes.Honest.Toploc, nodes.Honest.Sketches).End));
    }

    [Fact]
    public void Deep_audits_pass_the_honest_at_every_depth_and_catch_the_cheat_at_every_depth()
    {
        foreach (int depth in SketchPlan.Depths(nodes.Models.Models[0].Config.Layers))
        {
            WorkEnd honest = Deep(nodes.Honest, depth: depth);
            Assert.True(honest.Result == WorkResult.Passed, $"{depth}: {honest.Reason}");
            Assert.Equal(("sketch.bits", WorkResult.Failed), Reason(Deep(nodes.Cheat, depth: depth)));
        }
    }

    [Fact]
    public void Chunk_proofs_that_the_receipt_does_not_commit_to_catch_the_node()
    {
        byte[][] sketches = [.. nodes.Honest.Sketches];
        byte[][] toploc = [.. nodes.Honest.Toploc];
        Assert.Equal(("sketch.root", WorkResult.Failed), Reason(Deep(nodes.Honest, sketches: sketches[..^1])));
        Assert.Equal(("sketch.root", WorkResult.Failed), Reason(Deep(nodes.Honest, sketches: [.. sketches[..^1], [.. sketches[^1].Select(static b => (byte)(b ^ 1))]])));
        Assert.Equal(("toploc.root", WorkResult.Failed), Reason(Deep(nodes.Honest, toploc: toploc[1..])));
        Assert.Equal(("toploc.root", WorkResult.Failed), Reason(Deep(nodes.Honest, toploc: [])));
    }

    [Fact]
    public void Tier_0_refuses_ids_outside_the_vocabulary_empty_answers_and_missing_roots()
    {
        ModelConstants model = nodes.Models.Models[0].Constants;
        Client.Streams.Answer answer = nodes.Honest.Answer;
        Assert.Equal(WorkResult.Passed, AnswerCheck.Judge(AnsweredNodes.Canary, answer, model).Result);
        Assert.Equal((AnswerCheck.Ids, WorkResult.Failed), Reason(AnswerCheck.Judge(AnsweredNodes.Canary, answer with { OutputIds = [model.Shape.VocabularySize] }, model)));
        Assert.Equal((AnswerCheck.Ids, WorkResult.Failed), Reason(AnswerCheck.Judge(AnsweredNodes.Canary, answer with { PromptIds = [-1] }, model)));
        Assert.Equal((AnswerCheck.Empty, WorkResult.Failed), Reason(AnswerCheck.Judge(AnsweredNodes.Canary, answer with { OutputIds = [] }, model)));
        foreach (Receipt receipt in (Receipt[])[answer.Receipt with { TraceRoot = null }, answer.Receipt with { SketchRoot = null }, answer.Receipt with { ToplocRoot = null }])
        {
            Assert.Equal((AnswerCheck.Roots, WorkResult.Failed), Reason(AnswerCheck.Judge(AnsweredNodes.Canary, answer with { Receipt = receipt }, model)));
        }
    }

    [Fact]
    public async Task A_second_validator_finds_the_step_and_layer_at_which_a_cheat_departs()
    {
        ReplayModel model = nodes.Models.Models[0];
        Assert.Equal((DisputeResult.NodeIsRight, "trace"), (await DisputeRunner.RunAsync(nodes.Honest.Ticket, model, nodes.Honest.Session, Cancel)) is var honest ? (honest.Result, honest.Check) : default);
        DisputeReport wrong = await DisputeRunner.RunAsync(nodes.Cheat.Ticket, model, nodes.Cheat.Session, Cancel);
        Assert.Equal((DisputeResult.NodeIsWrong, 0L, 0), (wrong.Result, wrong.Step, wrong.Layer));
        Assert.Equal(DisputeResult.NotBisected, (await DisputeRunner.RunAsync(nodes.Cheat.Ticket, model, null, Cancel)).Result);

        // Asked of somebody else, it cannot be bisected, and nobody else is blamed.
        Assert.Equal(DisputeResult.NotBisected, (await DisputeRunner.RunAsync(nodes.Cheat.Ticket, model, nodes.Honest.Session, Cancel)).Result);
        byte[] file = new DisputeFile(1, "a", Convert.ToHexStringLower(SimulatedNodes.Root), nodes.Cheat.Ticket.Encode()).ToJson();
        Assert.True(DisputeFile.TryParse(file, out DisputeFile? read, out AuditTicket? ticket, out _));
        using (ticket)
        {
            Assert.Equal("a", read.Node);
            Assert.Equal(nodes.Cheat.Ticket.Ids(), ticket.Ids());
        }

        Assert.False(DisputeFile.TryParse(file.AsSpan(0, file.Length - 1), out _, out _, out _));
        Assert.False(DisputeFile.TryParse(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal)), out _, out _, out _));
    }

    [Fact]
    public void A_replicated_canary_outvotes_the_cheat_and_has_it_audited_though_the_seed_skipped_it()
    {
        using StateFixture fixture = new(nodes: 3, canaries: 1);
        AuditTicket[] tickets = [nodes.Honest.Ticket, nodes.Cheat.Other, nodes.Honest.Ticket];
        for (int node = 0; node < 3; node++)
        {
            Assert.True(fixture.State.BeginCanary(StateFixture.Id(node, 0), StateFixture.Start));
            fixture.State.EndCanary(fixture.Canary(node, 0), TimeProvider.System.GetUtcNow(), new WorkEnd(WorkResult.Passed), StateFixture.AnswerOf(node, 0, chosen: false) with { Ticket = tickets[node].Encode() }, static _ => throw new InvalidOperationException());
            ReplicaCheck check = new(ValidatorDefaults.Of("n", "p", null, [], 2048), fixture.State, Weights, TimeProvider.System);
            check.Vote(1);

            // Nothing is said before all have answered, and nothing twice.
            check.Vote(1);
            Assert.Equal(node < 2 ? 0 : 3, fixture.State.Outcomes(1).Count);
        }

        Assert.Equal([true, false, true], fixture.State.Outcomes(1).OrderBy(static outcome => outcome.Node).Select(static outcome => outcome.Passed));
        Assert.Equal(["b"], fixture.State.Events(1).Where(static happened => happened.Kind == EventKind.Outvoted).Select(happened => fixture.State.Node(happened.Node).Name));
        Assert.Equal([WorkState.Skipped, WorkState.Planned, WorkState.Skipped], fixture.State.Audits(1).Select(static audit => audit.State));

        // A vote alone convicts nobody.
        Assert.Equal(NodeStatus.Active, fixture.State.Node("b")!.Status);
    }

    [Fact]
    public void Two_receipts_with_one_counter_are_a_proof_that_anybody_can_check()
    {
        using ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using OhttpPrivateKey sealing = new(1, HpkePrivateKey.Generate(HpkeKem.X25519));
        Keyset keyset = Keyset.Create(new byte[16], CoseKey.From(signing), OhttpKeys.Encode([sealing.Config]), StateFixture.Start, StateFixture.Start.AddHours(1));
        Receipt receipt = nodes.Honest.Ticket.Receipt with { KeysetDigest = keyset.Digest, Counter = 7, Previous = new byte[32] };
        byte[] first = receipt.Sign(signing, out _);
        byte[] second = (receipt with { OutputCommitment = new byte[32] }).Sign(signing, out _);
        byte[] otherCounter = (receipt with { Counter = 8 }).Sign(signing, out _);
        byte[] otherKeyset = (receipt with { KeysetDigest = new byte[32], OutputCommitment = new byte[32] }).Sign(signing, out _);
        using ECDsa stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] forged = (receipt with { OutputCommitment = new byte[32] }).Sign(stranger, out _);
        byte[] encoded = keyset.Encoded.ToArray();
        string Verify(byte[] one, byte[] other) => EquivocationProof.Verify(EquivocationProof.Of("a", encoded, one, other).ToJson(), out _);
        Assert.Equal("proved", Verify(first, second));
        Assert.NotEqual("proved", Verify(first, first));
        Assert.NotEqual("proved", Verify(first, receipt.Sign(signing, out _)));
        Assert.NotEqual("proved", Verify(first, otherCounter));
        Assert.NotEqual("proved", Verify(first, otherKeyset));
        Assert.NotEqual("proved", Verify(first, forged));
        Assert.Equal(EquivocationProof.NoProof, EquivocationProof.Verify("{}"u8, out _));
        string folder = Directory.CreateDirectory(Path.Combine(nodes.Folder, "proofs")).FullName;
        EquivocationProof proof = EquivocationProof.Of("a", encoded, first, second);
        Assert.Equal(proof.Save(folder), proof.Save(folder));
        Assert.Equal("proved", EquivocationProof.Verify(File.ReadAllBytes(Assert.Single(Directory.EnumerateFiles(folder))), out byte[] digest));
        Assert.Equal(keyset.Digest.ToArray(), digest);
    }

    private static (string?, WorkResult) Reason(WorkEnd end) => (end.Reason, end.Result);

    private WorkEnd Judge(IReadOnlyList<(ReadOnlyMemory<byte> Layer, ReadOnlyMemory<byte> Logits)> openings, AuditedAnswer? answer = null, long epoch = 1, LimitTable? limits = null, byte[]? owner = null)
    {
        using KeyRing ring = new(nodes.Folder, owner ?? AnsweredNodes.Owner);
        return new OpeningAudit(ring, limits ?? AnsweredNodes.Limits, Weights).Judge(AnsweredNodes.Canary, epoch, answer ?? nodes.Honest.Audited, openings, 2).End;
    }

    private WorkEnd Deep(AnsweredNodes.Opened node, IReadOnlyList<byte[]>? toploc = null, IReadOnlyList<byte[]>? sketches = null, int? depth = null) =>
        new DeepAudit(nodes.Models, AnsweredNodes.Limits, Weights).Judge(AnsweredNodes.Canary, node.Audited, toploc ?? node.Toploc, sketches ?? node.Sketches, depth).End;
}
