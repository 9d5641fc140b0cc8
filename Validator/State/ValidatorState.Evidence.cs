using Verathos.Fingerprint.Statistics;

namespace Verathos.Validator.State;

/// <content>Outcomes, the evidence that they add up to, and what happens to nodes.</content>
public sealed partial class ValidatorState
{
    /// <summary>Writes an event down outside any work, for example a release by hand.</summary>
    public void AddEvent(long epoch, long node, DateTimeOffset at, NewEvent happened, int freshEpochs = 1)
    {
        ArgumentNullException.ThrowIfNull(happened);
        Write(() => Add(epoch, node, at, happened, freshEpochs));
    }

    /// <summary>Weighs outcomes outside any work, for example the vote of a replicated canary.</summary>
    public void AddOutcomes(long epoch, long node, byte[] canary, DateTimeOffset at, WorkEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        Write(() => Add(epoch, node, canary, at, end));
    }

    /// <summary>A node's evidence, added up again from its outcomes since it was released last.</summary>
    public EDetector Recompute(long node)
    {
        lock (_lock)
        {
            long after = Sql.Number(_connection, "SELECT coalesce(max(after_outcome), 0) FROM events WHERE node = $node AND kind = 'Released'", ("$node", node));
            return Sql.Read(_connection, static r => r.Number("weight_micro"), "SELECT weight_micro FROM outcomes WHERE node = $node AND id > $after AND table_version > 0 ORDER BY id", ("$node", node), ("$after", after))
                .Aggregate(default(EDetector), static (evidence, weight) => Step(evidence, weight));
        }
    }

    /// <summary>Openings of a node that were lost within the budget, in the latest epochs.</summary>
    public long LostAudits(long node, long sinceEpoch)
    {
        lock (_lock)
        {
            return Sql.Number(_connection, "SELECT count(*) FROM audits WHERE node = $node AND epoch >= $since AND result = 'Lost'", ("$node", node), ("$since", sinceEpoch));
        }
    }

    private static EDetector Step(EDetector evidence, long weight) => new(Math.Max(0, evidence.SumMicro + weight), evidence.Checks + 1);

    private void Add(long epoch, long node, byte[]? canary, DateTimeOffset at, WorkEnd end, byte[]? replay = null)
    {
        foreach (NewOutcome outcome in end.Outcomes)
        {
            Run(
                """
                INSERT INTO outcomes (epoch, node, canary, replay, test, number, outcome, passed, weight_micro, table_version, at)
                VALUES ($epoch, $node, $canary, $replay, $test, $number, $outcome, $passed, $weight, $version, $at)
                """,
                ("$epoch", epoch), ("$node", node), ("$canary", canary), ("$replay", replay), ("$test", outcome.Test), ("$number", outcome.Number), ("$outcome", outcome.Outcome), ("$passed", outcome.Passed),
                ("$weight", outcome.WeightMicro), ("$version", outcome.TableVersion), ("$at", Sql.Time(at)));
            if (outcome.TableVersion > 0)
            {
                Run("UPDATE nodes SET sum_micro = max(0, sum_micro + $weight), checks = checks + 1 WHERE id = $node", ("$node", node), ("$weight", outcome.WeightMicro));
            }
        }

        foreach (NewEvent happened in end.Events)
        {
            Add(epoch, node, at, happened, 1, replay);
        }
    }

    private void Add(long epoch, long node, DateTimeOffset at, NewEvent happened, int freshEpochs, byte[]? replay = null)
    {
        Run(
            """
            INSERT INTO events (epoch, node, at, kind, reason, detail, canary, replay, proof, after_outcome)
            VALUES ($epoch, $node, $at, $kind, $reason, $detail, $canary, $replay, $proof, (SELECT coalesce(max(id), 0) FROM outcomes))
            """,
            ("$epoch", epoch), ("$node", node), ("$at", Sql.Time(at)), ("$kind", happened.Kind), ("$reason", happened.Reason), ("$detail", happened.Detail), ("$canary", happened.Canary), ("$replay", replay), ("$proof", happened.Proof));
        (string Text, NodeStatus Status)? change = happened.Kind switch
        {
            // A banned node stays banned, whatever else is found.
            EventKind.Caught => ("UPDATE nodes SET status = $status, status_reason = $reason, status_epoch = $epoch, caught_keyset = keyset_digest WHERE id = $node AND status = 'Active'", NodeStatus.Quarantined),
            EventKind.Banned => ("UPDATE nodes SET status = $status, status_reason = $reason, status_epoch = $epoch WHERE id = $node AND status <> 'Banned'", NodeStatus.Banned),
            EventKind.Released => (
                "UPDATE nodes SET status = $status, status_reason = $reason, status_epoch = $epoch, sum_micro = 0, checks = 0, fresh_until_epoch = max(fresh_until_epoch, $epoch + $fresh) WHERE id = $node",
                NodeStatus.Active),
            _ => null,
        };
        if (change is { } update)
        {
            Run(update.Text, ("$node", node), ("$status", update.Status), ("$reason", happened.Reason), ("$epoch", epoch), ("$fresh", freshEpochs));
        }
    }

    private void TakeFactsNow(long epoch, long node, DateTimeOffset at, AttestedFacts facts, int freshEpochs)
    {
        NodeRow before = Node(node);
        bool isFirst = before.BootId is null;
        string? changed = isFirst || before.BootId.AsSpan().SequenceEqual(facts.BootId) ? null : "boot";
        changed = !isFirst && !before.ManifestRoot.AsSpan().SequenceEqual(facts.ManifestRoot) ? "model" : changed;
        changed = !isFirst && before.Profile != facts.Profile ? "profile" : changed;
        Run(
            "UPDATE nodes SET manifest_root = $root, profile = $profile, boot_id = $boot, keyset_digest = $keyset, fresh_until_epoch = max(fresh_until_epoch, $fresh) WHERE id = $node",
            ("$node", node), ("$root", facts.ManifestRoot), ("$profile", facts.Profile), ("$boot", facts.BootId), ("$keyset", facts.KeysetDigest),
            ("$fresh", changed is null ? 0 : epoch + freshEpochs));
        if (changed is not null)
        {
            Add(epoch, node, at, new NewEvent(EventKind.Changed, $"node.{changed}", $"the node's {changed} is another one than before: everything is audited for {freshEpochs} epochs"), freshEpochs);
        }

        foreach (string other in Sql.Read(
            _connection, static r => r.Text("name"), "SELECT name FROM nodes WHERE keyset_digest = $keyset AND id <> $node AND listed = 1", ("$keyset", facts.KeysetDigest), ("$node", node)))
        {
            if (before.KeysetDigest is null || !before.KeysetDigest.AsSpan().SequenceEqual(facts.KeysetDigest))
            {
                Add(epoch, node, at, new NewEvent(EventKind.SharedKeyset, "node.keyset", $"{other} shows the same keyset: one machine answers under two names, or one relays the other"), freshEpochs);
            }
        }
    }
}
