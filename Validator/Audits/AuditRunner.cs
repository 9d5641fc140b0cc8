using System.Security.Cryptography;
using Verathos.Client;
using Verathos.Client.Openings;
using Verathos.Protocol.Openings;
using Verathos.Validator.Configuration;
using Verathos.Validator.Nodes;
using Verathos.Validator.Proofs;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>
/// Makes due audits: asks for the openings that the audit secret and the receipt decide, and has them judged. A node that shows nothing
/// until the window closes, or says that it no longer can, uses up its budget of lost openings; beyond that it failed.
/// </summary>
/// <param name="folder">The validator's folder.</param>
/// <param name="state">The state.</param>
/// <param name="clients">The clients.</param>
/// <param name="openings">Tier 1.</param>
/// <param name="deep">Tier 2; null without models.</param>
/// <param name="clock">The clock.</param>
public sealed class AuditRunner(ValidatorFolder folder, ValidatorState state, NodeClients clients, OpeningAudit openings, DeepAudit? deep, TimeProvider clock)
{
    /// <summary>The check that fails where a node lost more openings than its budget.</summary>
    public const string LostCheck = "opening.lost";

    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(5);
    private readonly ValidatorConfiguration _configuration = folder.Configuration;
    private readonly Lock _budget = new();

    /// <summary>Makes one audit and writes down how it ended, or when it is tried again.</summary>
    /// <param name="audit">Planned and due.</param>
    /// <param name="cancellationToken">Stops; the audit is made when the validator starts again.</param>
    public async Task AuditAsync(AuditRow audit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(audit);
        if (!state.BeginAudit(audit.Canary, clock.GetUtcNow()))
        {
            return;
        }

        // Too late by this validator's own doing: it was not running. What a node leaves unanswered is decided before the window closes.
        if (clock.GetUtcNow() >= audit.Deadline)
        {
            state.EndAudit(audit, clock.GetUtcNow(), new WorkEnd(WorkResult.ValidatorError, "validator.late", "the validator was not there within the window"), 0, TimeSpan.Zero);
            return;
        }

        if (!state.TryGetTicket(audit.Canary, out byte[]? encoded) || !AuditTicket.TryDecode(encoded, out AuditTicket? ticket, out _))
        {
            state.EndAudit(audit, clock.GetUtcNow(), new WorkEnd(WorkResult.ValidatorError, "ticket.missing", "the ticket does not open"), 0, TimeSpan.Zero);
            return;
        }

        using (ticket)
        {
            CryptographicOperations.ZeroMemory(encoded);
            await AuditAsync(audit, ticket, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AuditAsync(AuditRow audit, AuditTicket ticket, CancellationToken cancellationToken)
    {
        NodeRow node = state.Node(audit.Node);
        CanaryRow canary = state.Canary(audit.Canary)!;
        long bytes = 0;
        try
        {
            VerathosClient client = clients.Of(node);
            OpeningAnswer shown = await client.Session.OpenAsync(ticket, OpeningAsk.Openings(0, _configuration.OpeningsPerAudit), cancellationToken).ConfigureAwait(false);
            bytes += shown.Content.Length;
            AuditedAnswer answer = Answer(ticket, canary);
            AuditVerdict verdict = openings.Judge(audit.Canary, audit.Epoch, answer, [.. shown.Openings().Select(static o => (o.Layer, o.Logits))], _configuration.OpeningsPerAudit);
            if (verdict.End is { Result: WorkResult.Failed, Events: [_, ..] events })
            {
                string proof = OpeningProof.Of(node.Name, verdict.End.Reason!, _configuration.OpeningsPerAudit, shown).Save(folder.ProofsFolder);
                verdict = verdict with { End = verdict.End with { Events = [.. events.Select(happened => happened with { Proof = proof })] } };
            }

            if (verdict.End.Result == WorkResult.Passed && audit.Tier >= 2 && deep is not null)
            {
                OpeningAnswer chunks = await client.Session.OpenAsync(ticket, OpeningAsk.Chunks, cancellationToken).ConfigureAwait(false);
                bytes += chunks.Content.Length;
                (IReadOnlyList<ReadOnlyMemory<byte>> toploc, IReadOnlyList<ReadOnlyMemory<byte>> sketches) = chunks.Chunks();
                AuditVerdict second = await Task.Run(
                    () => deep.Judge(audit.Canary, answer, [.. toploc.Select(static p => p.ToArray())], [.. sketches.Select(static s => s.ToArray())]), cancellationToken).ConfigureAwait(false);
                verdict = new AuditVerdict(second.End with { Outcomes = [.. verdict.End.Outcomes, .. second.End.Outcomes] }, verdict.Judged + second.Judged);
            }

            state.EndAudit(audit, clock.GetUtcNow(), verdict.End, bytes, verdict.Judged);
        }
        catch (VerathosException e) when (!cancellationToken.IsCancellationRequested)
        {
            EndUnanswered(audit, e, bytes);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not StateException)
        {
            state.EndAudit(audit, clock.GetUtcNow(), NodeFault.Of(e, audit.Canary, static _ => null), bytes, TimeSpan.Zero);
        }
    }

    private void EndUnanswered(AuditRow audit, VerathosException failure, long bytes)
    {
        DateTimeOffset now = clock.GetUtcNow();
        WorkEnd end = failure.Failure == ClientFailure.OpeningInvalid
            ? AuditVerdict.Caught(failure.Check ?? "opening.invalid", "the answer to a request for openings does not hold", audit.Canary)
            : NodeFault.Of(failure, audit.Canary, static _ => null);
        bool isOwn = end.Result == WorkResult.ValidatorError;

        // What may still come is asked for again while the window is open.
        bool final = end.Result == WorkResult.Failed || (failure.Failure == ClientFailure.Refused && failure.Code is "opening_not_found" or "opening_expired" or "opening_evicted");
        if (!final && audit.Deadline is { } deadline && now + s_again < deadline)
        {
            state.DeferAudit(audit.Canary, now + (failure.RetryAfter is { } wait && wait > s_again && now + wait < deadline ? wait : s_again));
            return;
        }

        if (end.Result == WorkResult.Failed || isOwn)
        {
            state.EndAudit(audit, now, end, bytes, TimeSpan.Zero);
            return;
        }

        lock (_budget)
        {
            long lost = state.LostAudits(audit.Node, audit.Epoch - _configuration.LostOpenings.Epochs + 1);
            string how = failure.Check ?? failure.Code ?? "opening.unanswered";
            end = lost < _configuration.LostOpenings.Count
                ? new WorkEnd(WorkResult.Lost, how, $"the node shows no openings ({how}): lost opening {lost + 1} of {_configuration.LostOpenings.Count} that are without weight")
                : AuditVerdict.Caught(LostCheck, $"the node shows no openings ({how}), and its budget of {_configuration.LostOpenings.Count} within {_configuration.LostOpenings.Epochs} epochs is used up", audit.Canary);
            state.EndAudit(audit, now, end, bytes, TimeSpan.Zero);
        }
    }

    /// <summary>What an audit needs of a ticket.</summary>
    /// <param name="ticket">The ticket.</param>
    /// <param name="canary">The canary, answered.</param>
    public static AuditedAnswer Answer(AuditTicket ticket, CanaryRow canary)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        ArgumentNullException.ThrowIfNull(canary);
        return new AuditedAnswer
        {
            Receipt = ticket.Receipt,
            Ids = ticket.Ids(),
            PromptTokens = ticket.PromptTokens,
            ManifestRoot = canary.ManifestRoot!,
            AuditSecret = ticket.AuditSecret.ToArray(),
            ReceiptSecret = ticket.Transcript.ReceiptSecret,
        };
    }
}
