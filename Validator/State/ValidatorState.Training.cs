using Microsoft.Data.Sqlite;

namespace Verathos.Validator.State;

/// <content>Replays of training steps: they stand in the same books as audits of answers, and a worker has a status as a node has.</content>
public sealed partial class ValidatorState
{
    /// <summary>The row of a worker, which is made where there is none.</summary>
    /// <param name="name">Unique, such as "worker:" and its key.</param>
    /// <param name="url">Where it is reached.</param>
    /// <param name="epoch">The epoch in which it is seen.</param>
    public NodeRow TakeWorker(string name, Uri url, long epoch)
    {
        ArgumentNullException.ThrowIfNull(url);
        Write(() => Run(
            """
            INSERT INTO nodes (name, url, identity, first_epoch, listed, status, sum_micro, checks, fresh_until_epoch)
            VALUES ($name, $url, NULL, $epoch, 1, 'Active', 0, 0, 0)
            ON CONFLICT (name) DO UPDATE SET listed = 1, url = excluded.url
            """,
            ("$name", name), ("$url", url), ("$epoch", epoch)));
        return Node(name)!;
    }

    /// <summary>The latest epoch if it is open; null otherwise.</summary>
    public EpochRow? OpenEpoch() => Read(ReadEpoch, "SELECT * FROM epochs WHERE ended_at IS NULL ORDER BY number DESC LIMIT 1").FirstOrDefault();

    /// <summary>Plans a replay; nothing happens where it was planned before.</summary>
    public void PlanReplay(byte[] id, long epoch, long node, byte[] run, ulong round, int step, byte[] record) => Write(() => Run(
        """
        INSERT INTO replays (id, epoch, node, run, round, step, record, state) VALUES ($id, $epoch, $node, $run, $round, $step, $record, 'Planned') ON CONFLICT (id) DO NOTHING
        """,
        ("$id", id), ("$epoch", epoch), ("$node", node), ("$run", run), ("$round", (long)round), ("$step", step), ("$record", record)));

    /// <summary>Notes that a worker is asked; false where the replay has ended.</summary>
    public bool BeginReplay(byte[] id) => Write(() => Run("UPDATE replays SET state = 'Begun', asked = asked + 1 WHERE id = $id AND state <> 'Ended'", ("$id", id)) == 1);

    /// <summary>Ends a replay with its outcomes and events in one step; once.</summary>
    /// <exception cref="StateException">It is not under way.</exception>
    public void EndReplay(byte[] id, DateTimeOffset at, WorkEnd end, long bytes, TimeSpan judged)
    {
        ArgumentNullException.ThrowIfNull(end);
        Write(() =>
        {
            RequireOne(
                Run(
                    "UPDATE replays SET state = 'Ended', ended_at = $at, result = $result, reason = $reason, detail = $detail, bytes = $bytes, judged_us = $judged WHERE id = $id AND state = 'Begun'",
                    ("$id", id), ("$at", Sql.Time(at)), ("$result", end.Result), ("$reason", end.Reason), ("$detail", end.Detail), ("$bytes", bytes), ("$judged", Sql.Micros(judged))),
                "the replay");
            ReplayRow row = Replay(id)!;
            Add(row.Epoch, row.Node, null, at, end, id);
        });
    }

    /// <summary>Writes down what a worker was caught at without a replay, with its events.</summary>
    public void Catch(long epoch, long node, DateTimeOffset at, WorkEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        Write(() => Add(epoch, node, null, at, end));
    }

    /// <summary>One replay; null where there is none.</summary>
    public ReplayRow? Replay(byte[] id) => Read(ReadReplay, "SELECT * FROM replays WHERE id = $id", ("$id", id)).FirstOrDefault();

    /// <summary>The replays of a run, in the order of rounds and workers.</summary>
    public IReadOnlyList<ReplayRow> Replays(byte[] run) => Read(ReadReplay, "SELECT * FROM replays WHERE run = $run ORDER BY round, node", ("$run", run));

    /// <summary>Openings that a worker lost since a round.</summary>
    public long LostReplays(long node, ulong sinceRound)
    {
        lock (_lock)
        {
            return Sql.Number(_connection, "SELECT count(*) FROM replays WHERE node = $node AND round >= $since AND result = 'Lost'", ("$node", node), ("$since", (long)sinceRound));
        }
    }

    private static ReplayRow ReadReplay(SqliteDataReader r) => new(
        r.Bytes("id"), r.Number("epoch"), r.Number("node"), r.Bytes("run"), (ulong)r.Number("round"), r.Int("step"), r.Bytes("record"), r.Name<WorkState>("state"), r.Int("asked"),
        r.NameOrNull<WorkResult>("result"), r.TextOrNull("reason"), r.TextOrNull("detail"));
}
