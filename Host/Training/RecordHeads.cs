using Verathos.Protocol.Receipts;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <summary>The optimiser's state that a worker's record must begin with: the one after its last record that a round took, since a round that did not take it counts as never trained.</summary>
/// <param name="initial">Root of the state that a worker's first record begins with, 32 bytes.</param>
/// <param name="book">The records that were checked.</param>
/// <param name="took">Whether the outcome of a round, one that counted, names a worker.</param>
internal sealed class RecordHeads(ReadOnlyMemory<byte> initial, RecordBook book, Func<ulong, WorkerKey, bool> took)
{
    /// <summary>Root of the state before a record; null where not all records before it are known, and so nothing can be said.</summary>
    public ReadOnlyMemory<byte>? StateBefore(TrainingRecord record)
    {
        WorkerKey worker = new(record.Worker.Span);
        ReadOnlyMemory<byte>? after = book.StateAfterLastTaken(worker, record.Counter, round => took(round, worker), out bool isWhole);
        if (!isWhole)
        {
            return null;
        }

        // Apart, as the null of a conditional expression would become an empty root, which no honest state has.
        if (after is { } state)
        {
            return state;
        }

        return initial;
    }
}
