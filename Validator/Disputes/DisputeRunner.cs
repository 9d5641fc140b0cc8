using System.Security.Cryptography;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;
using Verathos.GpuRuntime.Fingerprints;
using Verathos.Protocol.Openings;
using Verathos.Validator.Audits;

namespace Verathos.Validator.Disputes;

/// <summary>
/// Tier 3: a second validator computes a disputed canary again and compares the commitment. Where it differs, the node shows the hashes of all its
/// steps, which must lead to its own receipt, and all leaves of the first step that differs: that names the layer.
/// </summary>
public static class DisputeRunner
{
    /// <summary>Settles a dispute.</summary>
    /// <param name="ticket">The canary's ticket, verified.</param>
    /// <param name="model">The model that the receipt names by its manifest's root, in the node's profile.</param>
    /// <param name="session">The node; null where it cannot be asked.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ArgumentException">The answer is none of this model, or the model replays it in another profile.</exception>
    public static async Task<DisputeReport> RunAsync(AuditTicket ticket, ReplayModel model, Session? session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        ArgumentNullException.ThrowIfNull(model);
        if (!model.IsExact || ticket.Receipt.NumericProfile != model.Profile.Identifier)
        {
            throw new ArgumentException($"the answer is of profile {ticket.Receipt.NumericProfile}, and the model replays {model.Profile.Identifier}", nameof(model));
        }

        if (ticket.Receipt.TraceRoot is not { } root)
        {
            return new DisputeReport(DisputeResult.NodeIsWrong, "receipt.roots", null, null, "the receipt names no trace");
        }

        int[] ids = ticket.Ids();
        if (AnswerCheck.FindProblem(ids, ticket.PromptTokens, model.Shape.VocabularySize) is { } problem)
        {
            return new DisputeReport(DisputeResult.NodeIsWrong, problem.Check, null, null, problem.Detail);
        }

        byte[] secret = TraceSecret.Derive(ticket.Transcript.ReceiptSecret);
        try
        {
            ReplayRequest request = new() { Ids = ids, PromptTokens = ticket.PromptTokens, ClientNonce = ticket.Receipt.ClientNonce.ToArray(), TraceSecret = secret };
            using AnswerReplay own = await Task.Run(() => model.Replay(request, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (CryptographicOperations.FixedTimeEquals(own.TraceRoot, root.Span))
            {
                return new DisputeReport(DisputeResult.NodeIsRight, "trace", null, null, $"all {own.StepHashes.Count} steps, computed again, are those that the receipt commits to");
            }

            CommittedTrace trace = new(model.Shape, ticket.Steps, root);
            return session is null
                ? new DisputeReport(DisputeResult.NotBisected, "trace", null, null, "the commitment is another than the receipt's; the node was not asked where")
                : await BisectAsync(ticket, model, session, request, own, trace, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static async Task<DisputeReport> BisectAsync(
        AuditTicket ticket, ReplayModel model, Session session, ReplayRequest request, AnswerReplay own, CommittedTrace trace, CancellationToken cancellationToken)
    {
        try
        {
            OpeningAnswer hashes = await session.OpenAsync(ticket, OpeningAsk.StepHashes, cancellationToken).ConfigureAwait(false);
            if (Hashes(hashes, own.StepHashes.Count, trace) is not { } nodes)
            {
                return new DisputeReport(DisputeResult.NodeIsWrong, "dispute.hashes", null, null, "the hashes that the node shows do not lead to its own receipt");
            }

            int step = TraceDispute.FirstStep(own.StepHashes, nodes);
            if (step < 0)
            {
                return new DisputeReport(DisputeResult.NodeIsWrong, "dispute.hashes", null, null, "the node shows the right steps, and its receipt names another commitment");
            }

            OpeningAnswer opened = await session.OpenAsync(ticket, OpeningAsk.Step(step), cancellationToken).ConfigureAwait(false);
            if (Leaves(opened, step, trace) is not { } leaves)
            {
                return new DisputeReport(DisputeResult.NodeIsWrong, "dispute.step", step, null, $"the leaves that the node shows of step {step} are not those of its receipt");
            }

            DisputedLeaf? leaf = TraceDispute.FirstLeaf(await Task.Run(() => model.ReplayStep(request, step), cancellationToken).ConfigureAwait(false), leaves, model.Shape);
            return leaf is { } found
                ? new DisputeReport(DisputeResult.NodeIsWrong, $"dispute.{System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(found.Part.ToString())}", step, found.Leaf, $"the node departs at step {step}, {(found.Leaf == model.Shape.Layers ? "in the logits" : $"layer {found.Leaf}")}: {found.Part}")
                : new DisputeReport(DisputeResult.NodeIsWrong, "dispute.step", step, null, $"step {step} has another hash than its own leaves give");
        }
        catch (VerathosException e)
        {
            return e.Failure == ClientFailure.OpeningInvalid
                ? new DisputeReport(DisputeResult.NodeIsWrong, e.Check ?? "opening.invalid", null, null, "the node's answer to a request for openings does not hold")
                : new DisputeReport(DisputeResult.NotBisected, e.Check ?? e.Code ?? "trace", null, null, $"the commitment is another than the receipt's, and the node shows no steps: {e.Message}");
        }
    }

    /// <summary>The step hashes that a node shows; null where they do not lead to its receipt, or cannot be read at all.</summary>
    internal static byte[][]? Hashes(OpeningAnswer shown, int steps, CommittedTrace trace) => NodeBytes.Judge(
        () => (byte[][])[.. shown.StepHashes().Select(static hash => hash.ToArray())] is var nodes && nodes.Length == steps && TraceDispute.Leads(nodes, trace) ? nodes : null, null);

    /// <summary>The leaves that a node shows of a step; null where they are not in its receipt, or cannot be read at all.</summary>
    internal static StepOpening? Leaves(OpeningAnswer shown, int step, CommittedTrace trace) => NodeBytes.Judge(
        () => OpeningEncoding.TryDecode(shown.Step().Span, trace.Shape, out StepOpening? leaves) && leaves.Position == step && leaves.Fits(trace.Shape) && leaves.IsIn(trace) ? leaves : null, null);
}
