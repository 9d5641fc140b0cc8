using System.Diagnostics.CodeAnalysis;

namespace Verathos.Validator.State;

/// <content>Challenges, canaries and audits as they begin and end.</content>
public sealed partial class ValidatorState
{
    private const string OpenEpochs = "(SELECT number FROM epochs WHERE ended_at IS NULL)";

    /// <summary>Challenges that are due, the oldest first.</summary>
    public IReadOnlyList<ChallengeRow> DueChallenges(DateTimeOffset now, int limit) => Read(
        ReadChallenge, $"SELECT * FROM challenges WHERE state = 'Planned' AND due_at <= $now AND epoch IN {OpenEpochs} ORDER BY due_at, id LIMIT $limit", ("$now", Sql.Time(now)), ("$limit", limit));

    /// <summary>Canaries that are due, the oldest first.</summary>
    public IReadOnlyList<CanaryRow> DueCanaries(DateTimeOffset now, int limit) => Read(
        ReadCanary, $"SELECT * FROM canaries WHERE state = 'Planned' AND due_at <= $now AND epoch IN {OpenEpochs} ORDER BY due_at, id LIMIT $limit", ("$now", Sql.Time(now)), ("$limit", limit));

    /// <summary>Audits that are due, the oldest first.</summary>
    public IReadOnlyList<AuditRow> DueAudits(DateTimeOffset now, int limit) => Read(
        ReadAudit, $"SELECT * FROM audits WHERE state = 'Planned' AND due_at <= $now AND epoch IN {OpenEpochs} ORDER BY due_at, canary LIMIT $limit", ("$now", Sql.Time(now)), ("$limit", limit));

    /// <summary>When the next planned work is due; null where none is.</summary>
    public DateTimeOffset? NextDue()
    {
        lock (_lock)
        {
            return Sql.Scalar(
                _connection,
                $"""
                SELECT min(due_at) FROM (
                  SELECT due_at FROM challenges WHERE state = 'Planned' AND epoch IN {OpenEpochs}
                  UNION ALL SELECT due_at FROM canaries WHERE state = 'Planned' AND epoch IN {OpenEpochs}
                  UNION ALL SELECT due_at FROM audits WHERE state = 'Planned' AND epoch IN {OpenEpochs})
                """) is long due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null;
        }
    }

    /// <summary>Notes that a challenge begins; false where it did before.</summary>
    public bool BeginChallenge(long id, DateTimeOffset at) => Write(() =>
        Run("UPDATE challenges SET state = 'Begun', started_at = $at WHERE id = $id AND state = 'Planned'", ("$id", id), ("$at", Sql.Time(at))) == 1);

    /// <summary>Ends a challenge with what its evidence says.</summary>
    /// <param name="challenge">The challenge, begun.</param>
    /// <param name="at">Now.</param>
    /// <param name="end">How.</param>
    /// <param name="facts">What accepted evidence says; null otherwise.</param>
    /// <param name="evidenceBytes">Bytes of the evidence.</param>
    /// <param name="simulated">Whether it is simulated.</param>
    /// <param name="freshEpochs">For how many epochs everything is audited after a change.</param>
    public void EndChallenge(ChallengeRow challenge, DateTimeOffset at, WorkEnd end, AttestedFacts? facts, long evidenceBytes, bool simulated, int freshEpochs)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        ArgumentNullException.ThrowIfNull(end);
        Write(() =>
        {
            int changed = Run(
                """
                UPDATE challenges SET state = 'Ended', ended_at = $at, result = $result, reason = $reason, detail = $detail, evidence_bytes = $bytes, simulated = $simulated
                WHERE id = $id AND state = 'Begun'
                """,
                ("$id", challenge.Id), ("$at", Sql.Time(at)), ("$result", end.Result), ("$reason", end.Reason), ("$detail", end.Detail), ("$bytes", evidenceBytes), ("$simulated", simulated));
            RequireOne(changed, "the challenge");
            if (facts is not null)
            {
                TakeFactsNow(challenge.Epoch, challenge.Node, at, facts, freshEpochs);
            }

            Add(challenge.Epoch, challenge.Node, null, at, end);
        });
    }

    /// <summary>Notes what accepted evidence says where it was fetched beside a challenge.</summary>
    public void TakeFacts(long epoch, long node, DateTimeOffset at, AttestedFacts facts, int freshEpochs)
    {
        ArgumentNullException.ThrowIfNull(facts);
        Write(() => TakeFactsNow(epoch, node, at, facts, freshEpochs));
    }

    /// <summary>Notes that a canary leaves; false where it did before, so that it is never sent twice.</summary>
    public bool BeginCanary(byte[] id, DateTimeOffset at) => Write(() =>
        Run("UPDATE canaries SET state = 'Begun', sent_at = $at WHERE id = $id AND state = 'Planned'", ("$id", id), ("$at", Sql.Time(at))) == 1);

    /// <summary>Gives a planned canary that is the first of its conversation another time.</summary>
    public void MoveCanary(byte[] id, DateTimeOffset due) => Write(() =>
        Run("UPDATE canaries SET due_at = $due, moved = moved + 1 WHERE id = $id AND state = 'Planned' AND turn = 0", ("$id", id), ("$due", Sql.Time(due))));

    /// <summary>Leaves a planned canary out, and the turns that follow it.</summary>
    public void SkipCanary(CanaryRow canary, DateTimeOffset at, string reason)
    {
        ArgumentNullException.ThrowIfNull(canary);
        Write(() =>
        {
            Run("UPDATE canaries SET state = 'Skipped', ended_at = $at, reason = $reason WHERE id = $id AND state = 'Planned'", ("$id", canary.Id), ("$at", Sql.Time(at)), ("$reason", reason));
            EndTurn(canary, at, answered: false);
        });
    }

    /// <summary>Ends a canary that has no verified answer.</summary>
    public void FailCanary(CanaryRow canary, DateTimeOffset at, WorkEnd end)
    {
        ArgumentNullException.ThrowIfNull(canary);
        ArgumentNullException.ThrowIfNull(end);
        Write(() =>
        {
            EndCanary(canary, at, end);
            EndTurn(canary, at, answered: false);
            Add(canary.Epoch, canary.Node, canary.Id, at, end);
        });
    }

    /// <summary>Ends a canary with its answer: receipt, ticket, outcomes and the audit's decision in one step.</summary>
    /// <param name="canary">The canary, begun.</param>
    /// <param name="at">Now.</param>
    /// <param name="end">How the checks of the receipt ended.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="onEquivocation">Takes another receipt of the same keyset and counter, and gives the event; it saves the proof.</param>
    /// <returns>False where the receipt contradicts another one.</returns>
    public bool EndCanary(CanaryRow canary, DateTimeOffset at, WorkEnd end, AnsweredCanary answer, Func<byte[], NewEvent> onEquivocation)
    {
        ArgumentNullException.ThrowIfNull(canary);
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(onEquivocation);
        byte[] ticket = Seal.Seal(TicketLabel(canary.Id), answer.Ticket);
        return Write(() =>
        {
            (byte[] Digest, byte[] Cose)? other = Sql.Read(
                _connection, static r => (r.Bytes("digest"), r.Bytes("cose")), "SELECT digest, cose FROM receipts WHERE keyset_digest = $keyset AND counter = $counter",
                ("$keyset", answer.KeysetDigest), ("$counter", answer.Counter)) is [var found] ? found : null;
            bool contradicts = other is { } first && !first.Digest.AsSpan().SequenceEqual(answer.ReceiptDigest);
            WorkEnd ended = contradicts
                ? end with { Result = WorkResult.Failed, Reason = "receipt.equivocation", Detail = "two receipts carry one counter", Events = [.. end.Events, onEquivocation(other!.Value.Cose)] }
                : end;
            EndCanary(canary, at, ended);
            EndTurn(canary, at, answered: true);
            Run(
                """
                UPDATE canaries SET manifest_root = $root, profile = $profile, prompt_tokens = $prompt, output_tokens = $output, first_token_us = $first, elapsed_us = $elapsed,
                  ids_digest = $ids, receipt_digest = $receipt, sealed_ticket = $ticket, bytes = $bytes WHERE id = $id
                """,
                ("$id", canary.Id), ("$root", answer.ManifestRoot), ("$profile", answer.Profile), ("$prompt", answer.PromptTokens), ("$output", answer.OutputTokens),
                ("$first", Sql.Micros(answer.TimeToFirstToken)), ("$elapsed", Sql.Micros(answer.Elapsed)), ("$ids", answer.IdsDigest), ("$receipt", answer.ReceiptDigest), ("$ticket", ticket),
                ("$bytes", answer.Bytes));
            if (other is null)
            {
                Run(
                    "INSERT INTO receipts (keyset_digest, counter, digest, previous, canary, cose) VALUES ($keyset, $counter, $digest, $previous, $canary, $cose)",
                    ("$keyset", answer.KeysetDigest), ("$counter", answer.Counter), ("$digest", answer.ReceiptDigest), ("$previous", answer.Previous), ("$canary", canary.Id), ("$cose", answer.Receipt));
            }

            AuditDecision audit = answer.Audit;
            Run(
                """
                INSERT INTO audits (canary, epoch, node, rate_ppm, rate_reason, chosen, tier, due_at, deadline, state)
                VALUES ($canary, $epoch, $node, $rate, $why, $chosen, $tier, $due, $deadline, $state)
                """,
                ("$canary", canary.Id), ("$epoch", canary.Epoch), ("$node", canary.Node), ("$rate", audit.RatePpm), ("$why", audit.RateReason), ("$chosen", audit.Chosen), ("$tier", audit.Tier),
                ("$due", Sql.Time(audit.DueAt)), ("$deadline", Sql.Time(audit.Deadline)), ("$state", audit.Chosen ? WorkState.Planned : WorkState.Skipped));
            Add(canary.Epoch, canary.Node, canary.Id, at, ended);
            return !contradicts;
        });
    }

    /// <summary>A canary's audit ticket, which the caller overwrites; false where it has none or it does not open.</summary>
    public bool TryGetTicket(byte[] canary, [NotNullWhen(true)] out byte[]? ticket)
    {
        lock (_lock)
        {
            ticket = null;
            return Sql.Scalar(_connection, "SELECT sealed_ticket FROM canaries WHERE id = $id", ("$id", canary)) is byte[] box && Seal.TryOpen(TicketLabel(canary), box, out ticket);
        }
    }

    /// <summary>Notes that openings are asked for; false where the audit is not planned.</summary>
    public bool BeginAudit(byte[] canary, DateTimeOffset at) => Write(() =>
        Run("UPDATE audits SET state = 'Begun', asked = asked + 1 WHERE canary = $canary AND state = 'Planned'", ("$canary", canary)) == 1);

    /// <summary>Puts an audit off that could not be made by this validator's own fault.</summary>
    public void DeferAudit(byte[] canary, DateTimeOffset until) => Write(() =>
        RequireOne(Run("UPDATE audits SET state = 'Planned', due_at = $until WHERE canary = $canary AND state = 'Begun'", ("$canary", canary), ("$until", Sql.Time(until))), "the audit"));

    /// <summary>Ends an audit with its outcomes in one step.</summary>
    public void EndAudit(AuditRow audit, DateTimeOffset at, WorkEnd end, long bytes, TimeSpan judged)
    {
        ArgumentNullException.ThrowIfNull(audit);
        ArgumentNullException.ThrowIfNull(end);
        Write(() =>
        {
            int changed = Run(
                """
                UPDATE audits SET state = 'Ended', ended_at = $at, result = $result, reason = $reason, detail = $detail, bytes = $bytes, judged_us = $judged
                WHERE canary = $canary AND state = 'Begun'
                """,
                ("$canary", audit.Canary), ("$at", Sql.Time(at)), ("$result", end.Result), ("$reason", end.Reason), ("$detail", end.Detail), ("$bytes", bytes), ("$judged", Sql.Micros(judged)));
            RequireOne(changed, "the audit");
            Add(audit.Epoch, audit.Node, audit.Canary, at, end);
        });
    }

    /// <summary>Makes a skipped receipt an audited one, because something else pointed at it. It stays visible that the seed had not chosen it.</summary>
    /// <returns>False where it was chosen before.</returns>
    public bool RequireAudit(byte[] canary, string reason, DateTimeOffset dueAt, DateTimeOffset deadline, int tier) => Write(() =>
        Run(
            "UPDATE audits SET rate_reason = $reason, tier = max(tier, $tier), due_at = $due, deadline = $deadline, state = 'Planned' WHERE canary = $canary AND state = 'Skipped'",
            ("$canary", canary), ("$reason", reason), ("$tier", tier), ("$due", Sql.Time(dueAt)), ("$deadline", Sql.Time(deadline))) == 1);

    private static byte[] TicketLabel(byte[] canary) => [.. "ticket"u8, .. canary];

    private static void RequireOne(int changed, string what)
    {
        if (changed != 1)
        {
            throw new StateException($"{what} is not under way: two processes, or one twice, would have ended it");
        }
    }

    private void EndCanary(CanaryRow canary, DateTimeOffset at, WorkEnd end) => RequireOne(
        Run(
            "UPDATE canaries SET state = 'Ended', ended_at = $at, result = $result, reason = $reason, detail = $detail WHERE id = $id AND state = 'Begun'",
            ("$id", canary.Id), ("$at", Sql.Time(at)), ("$result", end.Result), ("$reason", end.Reason), ("$detail", end.Detail)),
        "the canary");

    // A later turn follows the answer to the one before, or is left out where there is none.
    private void EndTurn(CanaryRow canary, DateTimeOffset at, bool answered) => Run(
        answered
            ? "UPDATE canaries SET due_at = max($now + think_ms, coalesce(due_at, 0)) WHERE epoch = $epoch AND node = $node AND number = $number AND turn = $turn + 1 AND state = 'Planned'"
            : "UPDATE canaries SET state = 'Skipped', ended_at = $now, reason = 'canary.conversation' WHERE epoch = $epoch AND node = $node AND number = $number AND turn > $turn AND state = 'Planned'",
        ("$now", Sql.Time(at)), ("$epoch", canary.Epoch), ("$node", canary.Node), ("$number", canary.Number), ("$turn", canary.Turn));
}
