using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Rounds;

namespace Verathos.Host.Training;

/// <summary>The last record of each worker that this program has seen since its start, and with it the optimiser's state that the next one must begin with.</summary>
/// <param name="initial">Root of the state that a worker's first record begins with, 32 bytes.</param>
internal sealed class RecordHeads(ReadOnlyMemory<byte> initial)
{
    private readonly Dictionary<WorkerKey, TrainingRecord> _last = [];

    /// <summary>Keeps a record that was judged.</summary>
    public void Saw(WorkerKey worker, TrainingRecord record) => _last[worker] = record;

    /// <summary>Root of the state that a member's next record must begin with; null where its last record was not seen, and so nothing can be said.</summary>
    public ReadOnlyMemory<byte>? StateBefore(RoundMember member)
    {
        if (member.LastDigest is not { } last)
        {
            return initial;
        }

        // Apart, as the null of a conditional expression would become an empty root, which no honest state has.
        if (_last.TryGetValue(member.Worker, out TrainingRecord? record) && record.Digest.Span.SequenceEqual(last.Span))
        {
            return record.OptimiserRoot;
        }

        return null;
    }
}
