using System.Security.Cryptography;
using System.Text;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Fingerprint.Limits;
using Verathos.Validator.Audits;
using Verathos.Validator.Configuration;
using Verathos.Validator.Keys;
using Verathos.Validator.Nodes;
using Verathos.Validator.Proofs;
using Verathos.Validator.State;

namespace Verathos.Validator.Canaries;

/// <summary>
/// Sends canaries as any client sends a request. That one leaves is on disk before it does; with its answer receipt, ticket, the
/// audit's decision and all outcomes are written in one step.
/// </summary>
/// <param name="folder">The validator's folder.</param>
/// <param name="state">The state.</param>
/// <param name="clients">The clients.</param>
/// <param name="texts">The requests.</param>
/// <param name="keys">Matrix keys, for the models' constants.</param>
/// <param name="limits">Measured limits: a model without any is not judged.</param>
/// <param name="rates">The share of receipts that is audited.</param>
/// <param name="clock">The clock.</param>
public sealed class CanarySender(
    ValidatorFolder folder, ValidatorState state, NodeClients clients, CanaryTexts texts, KeyRing keys, LimitTable limits, AuditRates rates, TimeProvider clock)
{
    private readonly ValidatorConfiguration _configuration = folder.Configuration;

    /// <summary>Sends one canary and writes down how it ended.</summary>
    /// <param name="canary">Planned and due.</param>
    /// <param name="cancellationToken">Stops; the canary is then given up when the validator starts again.</param>
    public async Task SendAsync(CanaryRow canary, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(canary);
        NodeRow node = state.Node(canary.Node);
        if (await AttestAsync(canary, node, cancellationToken).ConfigureAwait(false) is not { } attested)
        {
            return;
        }

        InferenceRequest request;
        try
        {
            if (texts.Request(canary, node, attested.ModelName) is not { } drawn)
            {
                state.SkipCanary(canary, clock.GetUtcNow(), "canary.conversation");
                return;
            }

            request = drawn;
        }
        catch (Exception e) when (e is not StateException)
        {
            Fail(canary, node, e);
            return;
        }

        if (!state.BeginCanary(canary.Id, clock.GetUtcNow()))
        {
            return;
        }

        try
        {
            Answer answer = await clients.Of(node).CompleteAsync(request, cancellationToken).ConfigureAwait(false);
            Finish(canary, node, answer);
        }
        catch (Exception e) when (e is not (OperationCanceledException or StateException) || !cancellationToken.IsCancellationRequested)
        {
            if (e is StateException)
            {
                throw;
            }

            state.FailCanary(canary, clock.GetUtcNow(), NodeFault.Of(e, canary.Id, failure => SaveProof(node, failure)));
        }
    }

    // A node whose evidence is not accepted is sent nothing. That is no fault of the canary's, which was never sent.
    private async Task<AttestedNode?> AttestAsync(CanaryRow canary, NodeRow node, CancellationToken cancellationToken)
    {
        try
        {
            return await clients.Of(node).Session.GetTrustedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Fail(canary, node, e);
            return null;
        }
    }

    // What was never sent ends like what was: once.
    private void Fail(CanaryRow canary, NodeRow node, Exception e)
    {
        if (state.BeginCanary(canary.Id, clock.GetUtcNow()))
        {
            state.FailCanary(canary, clock.GetUtcNow(), NodeFault.Of(e, canary.Id, failure => SaveProof(node, failure)));
        }
    }

    private void Finish(CanaryRow canary, NodeRow node, Answer answer)
    {
        DateTimeOffset at = clock.GetUtcNow();
        byte[] root = EvidenceCheck.RootOf(answer.Node, answer.Receipt.Model);
        string profile = answer.Receipt.NumericProfile;
        WorkEnd end = EvidenceCheck.Judge(node, answer.Node);
        if (end.Result == WorkResult.Passed)
        {
            end = !limits.TryFind(root, profile, out _)
                ? new WorkEnd(WorkResult.ValidatorError, "limits.missing", "no limits were measured for this model and profile: measure them with 'verathos validator calibrate'")
                : !keys.TryGet(root, profile, canary.Epoch, out EpochKeys? epochKeys, out string? error)
                ? new WorkEnd(WorkResult.ValidatorError, "keys.missing", error)
                : AnswerCheck.Judge(canary.Id, answer, epochKeys.Constants);
        }

        state.TakeFacts(canary.Epoch, node.Id, at, EvidenceCheck.Facts(answer.Node), _configuration.FreshEpochs);
        using AuditTicket ticket = answer.Ticket ?? throw new InvalidOperationException("the client kept no ticket");
        byte[] encoded = ticket.Encode();
        bool consistent = state.EndCanary(
            canary,
            at,
            end,
            new AnsweredCanary
            {
                ManifestRoot = root,
                Profile = profile,
                PromptTokens = answer.PromptIds.Count,
                OutputTokens = answer.OutputIds.Count,
                TimeToFirstToken = answer.TimeToFirstToken,
                Elapsed = answer.Elapsed,
                IdsDigest = DigestOf(answer.PromptIds, answer.OutputIds),
                KeysetDigest = answer.Receipt.KeysetDigest.ToArray(),
                Counter = answer.Receipt.Counter,
                ReceiptDigest = answer.Receipt.Digest.ToArray(),
                Previous = answer.Receipt.Previous?.ToArray(),
                Receipt = answer.ReceiptBytes,
                Ticket = encoded,
                Bytes = encoded.Length,
                Audit = Decide(canary, state.Node(node.Id), answer.Receipt.Digest.Span, at, end),
            },
            other =>
            {
                string proof = EquivocationProof.Of(node.Name, answer.Node.Evidence.Keyset!.Encoded.ToArray(), other, answer.ReceiptBytes).Save(folder.ProofsFolder);
                return new NewEvent(EventKind.Caught, "receipt.equivocation", "two receipts carry one counter", canary.Id, proof);
            });
        CryptographicOperations.ZeroMemory(encoded);
        if (consistent)
        {
            texts.Answered(canary, answer.Text);
        }
    }

    /// <summary>Whether and when an answer is audited: the seed's choice, at any time within the window.</summary>
    private AuditDecision Decide(CanaryRow canary, NodeRow node, ReadOnlySpan<byte> receiptDigest, DateTimeOffset at, WorkEnd end)
    {
        (int rate, string reason) = rates.Of(node, canary.Epoch);
        byte[] seed = state.Seed(canary.Epoch);
        bool chosen = AuditSeed.Chooses(seed, receiptDigest, rate);
        int tier = AuditSeed.GoesDeep(seed, receiptDigest, _configuration.DeepPpm) ? 2 : 1;
        CryptographicOperations.ZeroMemory(seed);

        // What tier 0 refused needs no opening; it stays visible what the seed had chosen.
        if (end.Result != WorkResult.Passed)
        {
            return new AuditDecision(rate, "refused", false, 1, null, null);
        }

        (DateTimeOffset due, DateTimeOffset deadline) = AuditTimes.Draw(at, TimeSpan.FromSeconds(_configuration.AuditWindowSeconds));
        return chosen ? new AuditDecision(rate, reason, true, tier, due, deadline) : new AuditDecision(rate, reason, false, 1, null, null);
    }

    private string? SaveProof(NodeRow node, VerathosException failure) =>
        failure.Equivocation is { } both && clients.Of(node).Session.Current?.Evidence.Keyset is { } keyset
            ? EquivocationProof.Of(node.Name, keyset.Encoded.ToArray(), both.First, both.Second).Save(folder.ProofsFolder)
            : null;

    private static byte[] DigestOf(IReadOnlyList<int> prompt, IReadOnlyList<int> output) =>
        SHA256.HashData(Encoding.ASCII.GetBytes($"{string.Join(',', prompt)};{string.Join(',', output)}"));
}
