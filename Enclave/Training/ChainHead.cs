using Verathos.Protocol.Receipts;

namespace Verathos.Enclave.Training;

/// <summary>The end of a worker's chain of records, which the next one follows.</summary>
/// <param name="Counter">The number of the last record; 0 where there is none.</param>
/// <param name="Digest">Its digest, 32 bytes; null where there is none.</param>
/// <param name="Round">Its round; null where there is none.</param>
/// <param name="IssuedAt">When it was signed.</param>
public sealed record ChainHead(ulong Counter, ReadOnlyMemory<byte>? Digest, ulong? Round, DateTimeOffset IssuedAt)
{
    /// <summary>No record yet.</summary>
    public static ChainHead None { get; } = new(0, null, null, DateTimeOffset.UnixEpoch);

    /// <summary>Behind a record that was read, and so verified.</summary>
    public static ChainHead Of(TrainingRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Digest.Length == 32
            ? new ChainHead(record.Counter, record.Digest, record.Round, record.IssuedAt)
            : throw new ArgumentException("the record was not read, so it has no digest", nameof(record));
    }
}
