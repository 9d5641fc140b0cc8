using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>
/// Follows each worker's chain of records as a validator does, which takes the coordinator's word for nothing: every record that is shown is checked by itself and under evidence, follows the
/// last one that this validator has checked, and contradicts none of them. Records in between that it has not seen, since it was away or the worker's part came in no outcome, it asks for.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="keysets">For which keysets evidence vouches.</param>
/// <param name="book">The records that were checked.</param>
/// <param name="proofs">Workers that signed two histories.</param>
/// <param name="ask">Asks the coordinator for a worker's records after a number.</param>
internal sealed class WorkerChains(
    RunFile run, VouchedKeysets keysets, RecordBook book, EquivocationFolder proofs, Func<WorkerKey, ulong, CancellationToken, Task<IReadOnlyList<ShownRecord?>>> ask)
{
    /// <summary>The verdict on who signed two histories.</summary>
    public const string Equivocation = "equivocation";

    /// <summary>Takes a record that was revealed in a round, and its links.</summary>
    /// <param name="settings">The round.</param>
    /// <param name="worker">Whose.</param>
    /// <param name="own">The record, checked against the round.</param>
    /// <param name="links">Records between the last one that a round took and this one, as they are relayed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is wrong, as a verdict; null where it follows.</returns>
    public async Task<string?> TakeAsync(RoundSettings settings, WorkerKey worker, ShownRecord own, IReadOnlyList<ShownRecord?> links, CancellationToken cancellationToken)
    {
        if (proofs.Has(worker))
        {
            return Equivocation;
        }

        if (RecordChain.Read(own.Signed, out TrainingRecord? last) != RecordChainError.None)
        {
            return "chain.record";
        }

        List<(ShownRecord Shown, KeptRecord Kept)> shown = [];
        string? wrong = Read(settings, worker, links, isOver: false, shown);
        shown.Add((own, new KeptRecord(own.Signed, last!)));
        if (FindTwo(worker, shown))
        {
            return Equivocation;
        }

        wrong ??= Extend(worker, shown);
        if (wrong is not ("chain.counter" or "chain.previous"))
        {
            return wrong;
        }

        // From the last one known on, and that one too: where the coordinator has another one of its number, that is the proof.
        List<(ShownRecord Shown, KeptRecord Kept)> asked = [];
        string? missing = Read(settings, worker, await ask(worker, Math.Max(1, book.Last(worker)?.Counter ?? 1) - 1, cancellationToken).ConfigureAwait(false), isOver: true, asked);
        return FindTwo(worker, [.. asked, .. shown]) ? Equivocation : missing ?? Extend(worker, [.. asked.Where(one => one.Kept.Record.Counter < shown[0].Kept.Record.Counter), .. shown]);
    }

    // Records of earlier rounds: each has to stand by itself. While the coordinator is asked, the round may have ended, and then its records are among the answer.
    private string? Read(RoundSettings settings, WorkerKey worker, IReadOnlyList<ShownRecord?> links, bool isOver, List<(ShownRecord Shown, KeptRecord Kept)> read)
    {
        foreach (ShownRecord? link in links)
        {
            RecordChainError error = RecordChainError.Keyset;
            TrainingRecord? record = null;
            if (link is not null)
            {
                error = RecordChain.Read(link.Signed, out record);
            }

            if (error != RecordChainError.None)
            {
                return "chain." + ReadReveal.NameOf(error);
            }

            (JoinReply reply, bool simulated) = keysets.Then(worker, link!.Signed.Keyset, link.Evidence);
            string? wrong = !record!.Worker.Span.SequenceEqual(worker.Bytes) ? "chain.worker"
                : reply != JoinReply.Joined ? "chain.evidence"
                : record.Simulated != simulated ? "chain.simulated"
                : record.NumericProfile != run.NumericProfile ? "chain.profile"
                : !record.Beacon.Span.SequenceEqual(run.BeaconOf(record.Round)) ? "chain.beacon"
                : record.Round >= settings.Round && !isOver ? "chain.round"
                : null;
            if (wrong is null or "chain.round")
            {
                // One that stands in the wrong place is the worker's all the same, and may contradict another one.
                read.Add((link, new KeptRecord(link.Signed, record)));
            }

            if (wrong is not null)
            {
                return wrong;
            }
        }

        return null;
    }

    // Whether one of the records shown contradicts another one or one that is known: then the proof is kept.
    private bool FindTwo(WorkerKey worker, IReadOnlyList<(ShownRecord Shown, KeptRecord Kept)> shown)
    {
        Dictionary<ulong, (ShownRecord Shown, KeptRecord Kept)> numbers = [], rounds = [];
        foreach ((ShownRecord one, KeptRecord kept) in shown)
        {
            TrainingRecord record = kept.Record;
            ShownRecord? other = Known(book.At(worker, record.Counter), record) ?? Known(book.OfRound(worker, record.Round), record)
                ?? Earlier(numbers, record.Counter, record) ?? Earlier(rounds, record.Round, record);
            if (other is not null)
            {
                proofs.Write(worker, new WorkerEquivocation(run.Id, other, one));
                return true;
            }

            numbers[record.Counter] = rounds[record.Round] = (one, kept);
        }

        return false;
    }

    private ShownRecord? Known(KeptRecord? known, TrainingRecord record) =>
        known is not null && RecordChain.ProveEquivocation(known.Record, record) && book.Evidence(known.Signed.Keyset.Digest) is { } evidence ? new ShownRecord(known.Signed, evidence) : null;

    private static ShownRecord? Earlier(Dictionary<ulong, (ShownRecord Shown, KeptRecord Kept)> seen, ulong number, TrainingRecord record) =>
        seen.TryGetValue(number, out (ShownRecord Shown, KeptRecord Kept) other) && RecordChain.ProveEquivocation(other.Kept.Record, record) ? other.Shown : null;

    private string? Extend(WorkerKey worker, IReadOnlyList<(ShownRecord Shown, KeptRecord Kept)> shown)
    {
        foreach ((ShownRecord one, KeptRecord kept) in shown)
        {
            TrainingRecord? before = book.Last(worker);
            if (kept.Record.Counter <= before?.Counter)
            {
                // The same as the known one of that number, or it would have been found to contradict it.
                continue;
            }

            RecordChainError error = RecordChain.Follows(kept.Record, before);
            if (error != RecordChainError.None || !book.Add(worker, kept, one.Evidence))
            {
                return "chain." + ReadReveal.NameOf(error);
            }
        }

        return book.Last(worker) is { } last && last.Digest.Span.SequenceEqual(shown[^1].Kept.Record.Digest.Span) ? null : "chain.counter";
    }
}
