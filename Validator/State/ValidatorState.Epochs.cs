using System.Buffers.Binary;

namespace Verathos.Validator.State;

/// <content>Epochs: their beginning and end.</content>
public sealed partial class ValidatorState
{
    /// <summary>Takes over the list of nodes: new ones are added, changed addresses kept, those no longer listed marked.</summary>
    /// <param name="listed">The whole list.</param>
    /// <param name="epoch">The epoch that is about to begin.</param>
    /// <param name="freshEpochs">For how many epochs everything of a new node is audited.</param>
    public void TakeOver(IReadOnlyList<ListedNode> listed, long epoch, int freshEpochs)
    {
        ArgumentNullException.ThrowIfNull(listed);
        Write(() =>
        {
            Run("UPDATE nodes SET listed = 0");
            foreach (ListedNode node in listed)
            {
                Run(
                    """
                    INSERT INTO nodes (name, url, identity, first_epoch, listed, status, sum_micro, checks, fresh_until_epoch)
                    VALUES ($name, $url, $identity, $epoch, 1, 'Active', 0, 0, $fresh)
                    ON CONFLICT (name) DO UPDATE SET
                      listed = 1,
                      fresh_until_epoch = CASE WHEN identity IS excluded.identity THEN fresh_until_epoch ELSE max(fresh_until_epoch, excluded.fresh_until_epoch) END,
                      url = excluded.url,
                      identity = excluded.identity
                    """,
                    ("$name", node.Name), ("$url", node.Url), ("$identity", node.Identity), ("$epoch", epoch), ("$fresh", epoch + freshEpochs - 1));
            }
        });
    }

    /// <summary>Begins an epoch: its seed is committed to and all its work is planned, in one step.</summary>
    /// <param name="number">One more than the latest.</param>
    /// <param name="seed">32 secret bytes; sealed.</param>
    /// <param name="commitment">32 bytes.</param>
    /// <param name="plan">The epoch's settings as JSON.</param>
    /// <param name="nextNumber">The first number that its canaries leave to the next epoch.</param>
    /// <param name="startedAt">Now.</param>
    /// <param name="endsAt">When its last work is due at the latest.</param>
    /// <param name="work">Challenges and canaries.</param>
    /// <exception cref="StateException">There is such an epoch already.</exception>
    public void BeginEpoch(long number, ReadOnlySpan<byte> seed, byte[] commitment, string plan, long nextNumber, DateTimeOffset startedAt, DateTimeOffset endsAt, IReadOnlyList<PlannedWork> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        byte[] box = Seal.Seal(SeedLabel(number), seed);
        Write(() =>
        {
            if (Sql.Number(_connection, "SELECT coalesce(max(number), 0) FROM epochs") + 1 != number)
            {
                throw new StateException($"epoch {number} does not follow the latest one");
            }

            Run(
                """
                INSERT INTO epochs (number, sealed_seed, commitment, plan, first_number, next_number, started_at, ends_at)
                SELECT $number, $seed, $commitment, $plan, coalesce(max(next_number), 0), $next, $start, $end FROM epochs
                """,
                ("$number", number), ("$seed", box), ("$commitment", commitment), ("$plan", plan), ("$next", nextNumber), ("$start", Sql.Time(startedAt)), ("$end", Sql.Time(endsAt)));
            foreach (PlannedWork item in work)
            {
                if (item.Canary is not { } canary)
                {
                    Run(
                        "INSERT INTO challenges (epoch, node, due_at, state) SELECT $epoch, id, $due, 'Planned' FROM nodes WHERE name = $node",
                        ("$epoch", number), ("$node", item.Node), ("$due", Sql.Time(item.DueAt)));
                }
                else
                {
                    Run(
                        """
                        INSERT INTO canaries (id, epoch, node, ordinal, number, turn, think_ms, replica_group, due_at, state)
                        SELECT $id, $epoch, id, $ordinal, $canary, $turn, $think, $group, $due, 'Planned' FROM nodes WHERE name = $node
                        """,
                        ("$id", canary.Id), ("$epoch", number), ("$node", item.Node), ("$ordinal", canary.Ordinal), ("$canary", canary.Number),
                        ("$turn", canary.Turn), ("$think", (long)canary.Think.TotalMilliseconds), ("$group", (long?)canary.ReplicaGroup), ("$due", Sql.Time(item.DueAt)));
                }
            }
        });
    }

    /// <summary>The first number that the next epoch's canaries are drawn by.</summary>
    public long NextNumber
    {
        get
        {
            lock (_lock)
            {
                return Sql.Number(_connection, "SELECT max(next_number) FROM epochs");
            }
        }
    }

    /// <summary>The secret seed of an epoch, which the caller overwrites.</summary>
    /// <exception cref="StateException">It was sealed to another owner.</exception>
    public byte[] Seed(long epoch)
    {
        lock (_lock)
        {
            return Sql.Scalar(_connection, "SELECT sealed_seed FROM epochs WHERE number = $epoch", ("$epoch", epoch)) is byte[] box && Seal.TryOpen(SeedLabel(epoch), box, out byte[]? seed)
                ? seed
                : throw new StateException($"the seed of epoch {epoch} does not open: the owner's secret is not the one that this state was made with");
        }
    }

    /// <summary>Challenges, canaries and audits of an epoch that have not ended.</summary>
    public long OpenWork(long epoch)
    {
        lock (_lock)
        {
            return Sql.Number(
                _connection,
                """
                SELECT (SELECT count(*) FROM challenges WHERE epoch = $epoch AND state IN ('Planned', 'Begun'))
                  + (SELECT count(*) FROM canaries WHERE epoch = $epoch AND state IN ('Planned', 'Begun'))
                  + (SELECT count(*) FROM audits WHERE epoch = $epoch AND state IN ('Planned', 'Begun'))
                """,
                ("$epoch", epoch));
        }
    }

    /// <summary>Closes an epoch whose work has ended, with its scores; once.</summary>
    /// <exception cref="StateException">Work is open, or it was closed before.</exception>
    public void EndEpoch(long epoch, DateTimeOffset at, IReadOnlyList<ScoreRow> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        Write(() =>
        {
            if (OpenWork(epoch) > 0 || Run("UPDATE epochs SET ended_at = $at WHERE number = $epoch AND ended_at IS NULL", ("$at", Sql.Time(at)), ("$epoch", epoch)) != 1)
            {
                throw new StateException($"epoch {epoch} cannot be closed: it is closed, or some of its work is open");
            }

            foreach (ScoreRow score in scores)
            {
                Run(
                    "INSERT INTO scores (epoch, node, score_ppm, weight_ppm, parts) VALUES ($epoch, $node, $score, $weight, $parts)",
                    ("$epoch", epoch), ("$node", score.Node), ("$score", score.ScorePpm), ("$weight", score.WeightPpm), ("$parts", score.Parts));
            }
        });
    }

    /// <summary>
    /// Puts right what a process left that ended in the middle: a canary that may have left is given up, by this validator's own fault, and
    /// so is every later turn of a conversation under way, whose earlier answers nobody has any more;
    /// challenges are asked anew, and audits as well where their window is open.
    /// </summary>
    /// <returns>How many of each.</returns>
    public (int Canaries, int Challenges, int Audits) Recover(DateTimeOffset at) => Write(() =>
    {
        (string, object?)[] now = [("$at", Sql.Time(at))];
        int canaries = Run(
            "UPDATE canaries SET state = 'Ended', ended_at = $at, result = 'ValidatorError', reason = 'validator.stopped', detail = 'the validator stopped while it waited for the answer' WHERE state = 'Begun'",
            now);
        Run(
            """
            UPDATE canaries AS later SET state = 'Skipped', ended_at = $at, reason = 'canary.conversation'
            WHERE later.state = 'Planned' AND EXISTS (SELECT 1 FROM canaries AS earlier WHERE earlier.epoch = later.epoch AND earlier.node = later.node
              AND earlier.number = later.number AND earlier.turn < later.turn AND earlier.state <> 'Planned')
            """,
            now);
        int challenges = Run("UPDATE challenges SET state = 'Planned', started_at = NULL WHERE state = 'Begun'");
        int audits = Run("UPDATE audits SET state = 'Planned' WHERE state = 'Begun'");
        return (canaries, challenges, audits);
    });

    /// <summary>Books calls that failed in an outage of the validator's own as its own fault.</summary>
    /// <param name="challenges">Challenges.</param>
    /// <param name="canaries">Canaries.</param>
    public void Excuse(IReadOnlyList<long> challenges, IReadOnlyList<byte[]> canaries)
    {
        ArgumentNullException.ThrowIfNull(challenges);
        ArgumentNullException.ThrowIfNull(canaries);
        const string set = "SET result = 'ValidatorError', reason = 'validator.network', detail = 'most nodes could not be reached at once: this validator''s own network' WHERE id = $id AND result = 'Unavailable'";
        Write(() =>
        {
            foreach (long id in challenges)
            {
                Run($"UPDATE challenges {set}", ("$id", id));
            }

            foreach (byte[] id in canaries)
            {
                Run($"UPDATE canaries {set}", ("$id", id));
            }
        });
    }

    private static byte[] SeedLabel(long epoch)
    {
        byte[] label = [.. "seed"u8, .. new byte[sizeof(long)]];
        BinaryPrimitives.WriteInt64BigEndian(label.AsSpan(4), epoch);
        return label;
    }
}
