using Verathos.Protocol.Receipts;

namespace Verathos.Training.Records;

/// <summary>What the check of a chain found.</summary>
/// <param name="Error">The first error.</param>
/// <param name="Index">The record at which it was found, from 0; the number of records where there is none.</param>
/// <param name="Records">The records before that one.</param>
public sealed record RecordChainVerdict(RecordChainError Error, int Index, IReadOnlyList<TrainingRecord> Records)
{
    /// <summary>True only if the whole chain was checked and nothing is wrong.</summary>
    public bool IsValid => Error == RecordChainError.None;
}
