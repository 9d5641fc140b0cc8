using Verathos.Protocol.Keys;

namespace Verathos.Training.Rounds;

/// <summary>Somebody who may contribute to a round.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Keyset">The keyset under which its record is signed, vouched for by evidence that was checked before.</param>
/// <param name="LastCounter">The number of its last record; 0 where it has none.</param>
/// <param name="LastDigest">That record's digest, 32 bytes; null where it has none.</param>
public sealed record RoundMember(WorkerKey Worker, Keyset Keyset, ulong LastCounter, ReadOnlyMemory<byte>? LastDigest)
{
    /// <summary>The most earlier keysets.</summary>
    public const int MostEarlier = 64;

    /// <summary>
    /// Keysets that evidence vouched for before, since the last record that was taken, oldest first: a record signed under one of them may
    /// still be on its way. At most <see cref="MostEarlier"/>.
    /// </summary>
    public IReadOnlyList<Keyset> Earlier { get; init; } = [];
}
