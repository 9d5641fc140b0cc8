using System.Buffers.Binary;
using System.Security.Cryptography;
using Verathos.Training;
using Verathos.Validator.Audits;
using Verathos.Validator.Epochs;
using Verathos.Validator.State;

namespace Verathos.Validator.Training;

/// <summary>
/// Books replays of training steps into a validator's state, the one in which audits of answers stand: an epoch for each round, unless one is under way; a worker is
/// named "worker:" and its key. A worker that was caught is quarantined until it is released by hand.
/// </summary>
/// <param name="state">The state.</param>
/// <param name="run">The training run, 32 bytes.</param>
/// <param name="clock">The clock.</param>
public sealed class TrainingLedger(ValidatorState state, ReadOnlyMemory<byte> run, TimeProvider clock)
{
    /// <summary>The check that fails where a worker lost more openings than it may.</summary>
    public const string LostCheck = "step.lost";

    /// <summary>The check that fails where a worker's enclave signed two histories.</summary>
    public const string EquivocationCheck = "record.equivocation";

    /// <summary>Rounds over which lost openings count.</summary>
    public const ulong LostWindow = 100;

    private static ReadOnlySpan<byte> DrawLabel => "verathos.replay.v1"u8;

    /// <summary>Opens the epoch of a round, or goes on with the one under way.</summary>
    /// <returns>Its number.</returns>
    public long Begin()
    {
        if (state.OpenEpoch() is { } open)
        {
            return open.Number;
        }

        byte[] seed = RandomNumberGenerator.GetBytes(32);
        long number = state.LatestEpoch + 1;
        DateTimeOffset now = clock.GetUtcNow();
        state.BeginEpoch(number, seed, AuditSeed.Commit(number, seed), new EpochPlan(1, 0, 1, []).ToJson(), state.NextNumber, now, now, []);
        CryptographicOperations.ZeroMemory(seed);
        return number;
    }

    /// <summary>Closes the epoch that <see cref="Begin"/> opened; one of a validator's own with canaries goes on.</summary>
    public void End()
    {
        if (state.OpenEpoch() is { } open && EpochPlan.Parse(open.Plan).Nodes.Count == 0 && state.OpenWork(open.Number) == 0)
        {
            state.EndEpoch(open.Number, clock.GetUtcNow(), []);
        }
    }

    /// <summary>The row of a worker.</summary>
    public NodeRow Worker(WorkerKey worker, string address, long epoch) =>
        state.TakeWorker($"worker:{worker}", Uri.TryCreate(address, UriKind.Absolute, out Uri? url) ? url : new Uri("about:blank"), epoch);

    /// <summary>
    /// Which step of a contribution is replayed: HMAC-SHA256(the epoch's seed, "verathos.replay.v1" || round (8) || worker (32)), of which the first eight bytes decide
    /// whether, and the next eight which.
    /// </summary>
    /// <param name="epoch">The epoch, whose seed is secret until it is closed.</param>
    /// <param name="worker">Whose contribution.</param>
    /// <param name="round">The round.</param>
    /// <param name="steps">Its inner steps.</param>
    /// <param name="share">The share of contributions that are replayed, 0 to 1.</param>
    /// <returns>The step; null where none is.</returns>
    public int? Draw(long epoch, WorkerKey worker, ulong round, int steps, double share)
    {
        byte[] seed = state.Seed(epoch);
        byte[] message = [.. DrawLabel, .. new byte[8], .. worker.Bytes];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(DrawLabel.Length), round);
        byte[] drawn = HMACSHA256.HashData(seed, message);
        CryptographicOperations.ZeroMemory(seed);
        double place = BinaryPrimitives.ReadUInt64BigEndian(drawn) / 18446744073709551616.0;
        return place < share ? (int)(BinaryPrimitives.ReadUInt64BigEndian(drawn.AsSpan(8)) % (ulong)steps) : null;
    }

    /// <summary>Plans a replay, or finds the one that was planned before a restart.</summary>
    public ReplayRow Plan(long epoch, NodeRow worker, ulong round, int step, ReadOnlyMemory<byte> recordDigest)
    {
        ArgumentNullException.ThrowIfNull(worker);
        byte[] message = [.. run.Span, .. new byte[8], .. System.Text.Encoding.UTF8.GetBytes(worker.Name)];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(run.Length), round);
        byte[] id = SHA256.HashData(message);
        state.PlanReplay(id, epoch, worker.Id, run.ToArray(), round, step, recordDigest.ToArray());
        return state.Replay(id)!;
    }

    /// <summary>Notes that the worker is asked.</summary>
    public void Ask(ReplayRow replay)
    {
        ArgumentNullException.ThrowIfNull(replay);
        state.BeginReplay(replay.Id);
    }

    /// <summary>Writes down how a replay ended.</summary>
    public void End(ReplayRow replay, WorkEnd end, long bytes, TimeSpan judged)
    {
        ArgumentNullException.ThrowIfNull(replay);
        state.EndReplay(replay.Id, clock.GetUtcNow(), end, bytes, judged);
    }

    /// <summary>How an opening ends that did not come: without weight within the budget, beyond it the worker is caught.</summary>
    /// <param name="replay">The replay.</param>
    /// <param name="why">What happened instead.</param>
    /// <param name="budget">Openings that may be lost within <see cref="LostWindow"/> rounds.</param>
    public WorkEnd Lost(ReplayRow replay, string why, int budget)
    {
        ArgumentNullException.ThrowIfNull(replay);
        long lost = state.LostReplays(replay.Node, replay.Round < LostWindow ? 0 : replay.Round - LostWindow + 1);
        return lost < budget
            ? new WorkEnd(WorkResult.Lost, "step.unanswered", $"the worker does not open the step ({why}): lost opening {lost + 1} of {budget} that are without weight")
            : StepAudit.Caught(LostCheck, $"the worker does not open the step ({why}), and its budget of {budget} within {LostWindow} rounds is used up");
    }

    /// <summary>Writes down that a worker signed two histories: it is caught.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="worker">Its row.</param>
    /// <param name="detail">One sentence.</param>
    /// <param name="proof">The file of the proof.</param>
    public void Equivocated(long epoch, NodeRow worker, string detail, string proof)
    {
        ArgumentNullException.ThrowIfNull(worker);
        state.Catch(epoch, worker.Id, clock.GetUtcNow(), AuditVerdict.Caught(EquivocationCheck, detail, null, proof));
    }

    /// <summary>Whether a worker's contributions count.</summary>
    public bool IsTrusted(WorkerKey worker) => state.Node($"worker:{worker}") is not { Status: not NodeStatus.Active };
}
