using System.Security.Cryptography;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Sampling;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Demo;
using Verathos.Protocol.Openings;
using Verathos.Testing;

namespace Verathos.EndToEnd.Tests;

/// <summary>An answer's computation, committed over HTTP, opened over HTTP, and judged by somebody who has keys of the model only.</summary>
public sealed class OpeningTests
{
    private static string Model => Path.Combine(Vectors.RepositoryRoot, "models", "verathos-tiny");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_honest_nodes_openings_pass_the_judges()
    {
        await using DemoNode node = await StartAsync();
        using VerathosClient client = await ConnectAsync(node);
        Answer answer = await client.CompleteAsync(Request(), Cancel);
        Assert.True(AuditTicket.TryDecode(answer.Ticket!.Encode(), out AuditTicket? kept, out string? error), error);
        using AuditTicket ticket = kept;
        Assert.True(ticket.Verify().Valid, ticket.Verify().Reason);

        byte[] owner = RandomNumberGenerator.GetBytes(32);
        using MemoryStream file = new();
        using ReplayModel model = ReplayModel.Open(Model, new LoadOptions { Threads = 1 });
        model.WriteKeys(file, 1, owner);
        file.Position = 0;
        Assert.True(KeyFileReader.TryOpen(file, owner, out KeyFileReader? reader, out error), error);
        Assert.True(ValidatorKeys.TryRead(reader, out ModelConstants? constants));
        Assert.True(reader.TryReadMatrix(ValidatorKeys.Output, out MatrixKey? output));
        LayerLimits limits = LayerLimits.Exact(3, 1e-12);
        CommittedTrace trace = new(constants.Shape, ticket.Steps, ticket.Receipt.TraceRoot!.Value);
        DrawnToken drawn = new(
            SamplingParameters.FromDecimals(0.7, 0.95, 40), SamplingSeed.Derive(9, ticket.Transcript.ClientNonce), ticket.PromptTokens, Array.Empty<ulong>());
        int[] ids = ticket.Ids();
        OpeningAnswer opened = await client.OpenAsync(ticket, OpeningAsk.Openings(0, 5), Cancel);
        foreach ((int number, ReadOnlyMemory<byte> layer, ReadOnlyMemory<byte> logits) in opened.Openings())
        {
            OpeningPlan plan = OpeningPlan.Derive(ticket.AuditSecret, ticket.ReceiptDigest, number, constants.Shape, constants.Heads, ticket.PromptTokens, ticket.Steps);
            Assert.True(OpeningEncoding.TryDecode(layer.Span, constants, out LayerEvidence? shownLayer));
            Assert.True(OpeningEncoding.TryDecode(logits.Span, constants, out LogitsEvidence? shownLogits));
            Assert.True(ValidatorKeys.TryRead(reader, constants, plan.Layer, out LayerKey? key));
            Assert.Equal("accepted", new LayerJudge(key, limits).Judge(plan, trace, ids, shownLayer).ToString());
            Assert.Equal("accepted", new LogitsJudge(constants, output, limits.Matrices[0]).Judge(plan, trace, ids, drawn, shownLogits).ToString());

            // The same opening under another answer's commitment falls.
            CommittedTrace other = trace with { Root = SHA256.HashData(trace.Root.Span) };
            Assert.Equal(OpeningCheck.Step, new LayerJudge(key, limits).Judge(plan, other, ids, shownLayer).Failed);
            key.Dispose();
        }

        // Whoever has the transcript and the model computes the same steps, proofs and sketches.
        using AnswerReplay replay = model.Replay(new ReplayRequest
        {
            Ids = ids,
            PromptTokens = ticket.PromptTokens,
            ClientNonce = ticket.Transcript.ClientNonce,
            TraceSecret = TraceSecret.Derive(ticket.Transcript.ReceiptSecret),
        }, Cancel);
        Assert.Equal(ticket.Receipt.TraceRoot!.Value.ToArray(), replay.TraceRoot);
        Assert.Equal(ticket.Receipt.ToplocRoot!.Value.ToArray(), replay.ToplocRoot);
        Assert.Equal(ticket.Receipt.SketchRoot!.Value.ToArray(), replay.SketchRoot);
        OpeningAnswer hashes = await client.OpenAsync(ticket, OpeningAsk.StepHashes, Cancel);
        Assert.Equal(replay.StepHashes, hashes.StepHashes().Select(hash => hash.ToArray()));
        OpeningAnswer leaves = await client.OpenAsync(ticket, OpeningAsk.Step(ticket.Steps - 1), Cancel);
        Assert.True(OpeningEncoding.TryDecode(leaves.Step().Span, constants.Shape, out StepOpening? step));
        Assert.True(step.IsIn(trace));
        output.Dispose();
        reader.Dispose();
    }

    [Fact]
    public async Task The_budget_and_a_restart_are_told_by_name()
    {
        AuditTicket ticket;
        await using (DemoNode node = await StartAsync())
        {
            using VerathosClient client = await ConnectAsync(node);
            ticket = (await client.CompleteAsync(Request(), Cancel)).Ticket!;
            await client.OpenAsync(ticket, OpeningAsk.Openings(0, 60), Cancel);
            VerathosException over = await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(ticket, OpeningAsk.Openings(60, 5), Cancel));
            Assert.Equal((ClientFailure.Refused, "opening_budget", "opening.budget"), (over.Failure, over.Code, over.Check));
            VerathosException beyond = await Assert.ThrowsAsync<VerathosException>(() => client.OpenAsync(ticket, OpeningAsk.Step(ticket.Steps), Cancel));
            Assert.Equal("opening.out-of-range", beyond.Check);
        }

        await using DemoNode later = await StartAsync();
        using VerathosClient again = await ConnectAsync(later);
        VerathosException lost = await Assert.ThrowsAsync<VerathosException>(() => again.Session.OpenAsync(ticket, OpeningAsk.Openings(0, 1), Cancel));
        Assert.Equal((ClientFailure.Refused, 404, "opening.restarted"), (lost.Failure, lost.StatusCode, lost.Check));
        ticket.Dispose();
    }

    private static InferenceRequest Request() => InferenceRequest.Chat([("user", "What is 7 plus 5?")], temperature: 0.7, topP: 0.95, topK: 40, maxTokens: 40, seed: 9);

    private static Task<DemoNode> StartAsync() =>
        DemoNode.StartAsync(ModelLoader.Load(Model, new LoadOptions { Threads = 1 }, null, Cancel), null, Cancel);

    private static Task<VerathosClient> ConnectAsync(DemoNode node) => VerathosClient.ConnectAsync(
        node.Address,
        new ClientOptions
        {
            Policy = Policy.BuiltIn("simulated"),
            TrustAnchors = TrustAnchors.TryLoadSimulated(SimulatedFolder.Default, out TrustAnchors? anchors, out string? error) ? anchors : throw new InvalidOperationException(error),
            AllowSimulated = true,
            KeepTickets = true,
            Trace = Client.Receipts.TraceRequirement.Always,
        },
        Cancel);
}
