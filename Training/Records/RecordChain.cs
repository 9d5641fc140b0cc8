using System.Security.Cryptography;
using Verathos.Protocol.Receipts;

namespace Verathos.Training.Records;

/// <summary>Checks that records are one worker's whole chain.</summary>
public static class RecordChain
{
    /// <summary>Checks signatures, keysets, numbers, digests, rounds, times and profile, and what each round was trained from and on.</summary>
    /// <param name="records">From the first on.</param>
    /// <param name="baseModelRoot">The root of the model that a round starts from, null where that is not known: such a record is refused.</param>
    /// <param name="shardRoot">The root of the documents that a beacon's value assigns a worker in a round, null where the beacon's value is not that round's.</param>
    /// <param name="accepted">Told of each record as soon as it is found right, before the next is looked at; null if nobody wants it.</param>
    public static RecordChainVerdict Verify(
        IReadOnlyList<SignedRecord> records, Func<ulong, ReadOnlyMemory<byte>?> baseModelRoot, Func<WorkerKey, ulong, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> shardRoot,
        Action<TrainingRecord>? accepted = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(baseModelRoot);
        ArgumentNullException.ThrowIfNull(shardRoot);
        List<TrainingRecord> read = [];
        if (records.Count == 0)
        {
            return new RecordChainVerdict(RecordChainError.Empty, 0, read);
        }

        foreach (SignedRecord signed in records)
        {
            RecordChainError error = Check(signed, read.Count == 0 ? null : read[^1], out TrainingRecord? record);
            if (error == RecordChainError.None && !Equal(baseModelRoot(record!.Round), record.BaseModelRoot))
            {
                error = RecordChainError.BaseModel;
            }

            if (error == RecordChainError.None && !Equal(shardRoot(new WorkerKey(record!.Worker.Span), record.Round, record.Beacon), record.ShardRoot))
            {
                error = RecordChainError.Shard;
            }

            if (error != RecordChainError.None)
            {
                return new RecordChainVerdict(error, read.Count, read);
            }

            read.Add(record!);
            accepted?.Invoke(record!);
        }

        return new RecordChainVerdict(RecordChainError.None, read.Count, read);
    }

    /// <summary>
    /// True if two records prove that a worker's enclave signed two histories: one worker, and one counter or one round, and different
    /// digests. Both must have been read, and so verified, before.
    /// </summary>
    public static bool ProveEquivocation(TrainingRecord first, TrainingRecord second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return first.Digest.Length == SHA256.HashSizeInBytes && second.Digest.Length == SHA256.HashSizeInBytes
            && first.Worker.Span.SequenceEqual(second.Worker.Span)
            && (first.Counter == second.Counter || first.Round == second.Round)
            && !first.Digest.Span.SequenceEqual(second.Digest.Span);
    }

    /// <summary>
    /// Checks one record by itself: that its keyset signed it, that it names that keyset and its boot, and that it was signed within the keyset's validity. Whether evidence
    /// vouches for the keyset is checked elsewhere.
    /// </summary>
    /// <param name="signed">The record.</param>
    /// <param name="record">The record, read; null where its signature is not the keyset's.</param>
    public static RecordChainError Read(SignedRecord signed, out TrainingRecord? record)
    {
        ArgumentNullException.ThrowIfNull(signed);
        using ECDsa key = signed.Keyset.SigningKey.ToECDsa();
        if (!TrainingRecord.TryParse(signed.Message.Span, key, out record, out _))
        {
            return RecordChainError.Record;
        }

        if (!record.KeysetDigest.Span.SequenceEqual(signed.Keyset.Digest.Span) || !record.BootId.Span.SequenceEqual(signed.Keyset.BootId.Span))
        {
            return RecordChainError.Keyset;
        }

        return record.IssuedAt < signed.Keyset.NotBefore || record.IssuedAt > signed.Keyset.NotAfter ? RecordChainError.Validity : RecordChainError.None;
    }

    /// <summary>
    /// Checks that a record is the next one of a chain. Times are not looked at: they are the word of a machine whose clock may be set back between two records,
    /// and the order follows from numbers and digests.
    /// </summary>
    /// <param name="record">The record, read.</param>
    /// <param name="before">The one before it; null where it must be the first.</param>
    public static RecordChainError Follows(TrainingRecord record, TrainingRecord? before)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (before is null)
        {
            return record.Counter == 1 ? RecordChainError.None : RecordChainError.Counter;
        }

        return !record.Worker.Span.SequenceEqual(before.Worker.Span) ? RecordChainError.Worker
            : record.Counter != before.Counter + 1 ? RecordChainError.Counter
            : record.Previous is not { } previous || !previous.Span.SequenceEqual(before.Digest.Span) ? RecordChainError.Previous
            : record.Round <= before.Round ? RecordChainError.Round
            : record.NumericProfile != before.NumericProfile ? RecordChainError.Profile
            : RecordChainError.None;
    }

    private static RecordChainError Check(SignedRecord signed, TrainingRecord? before, out TrainingRecord? record)
    {
        RecordChainError error = Read(signed, out record);
        error = error == RecordChainError.None ? Follows(record!, before) : error;
        return error == RecordChainError.None && before is not null && record!.IssuedAt < before.IssuedAt ? RecordChainError.Time : error;
    }

    private static bool Equal(ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> root) => expected is { Length: SHA256.HashSizeInBytes } known && known.Span.SequenceEqual(root.Span);
}
