namespace Verathos.Training.Rounds;

/// <summary>Something that happened in a round; all of a round's events in order are the round.</summary>
/// <param name="At">When, by the coordinator's clock; never before the event before it.</param>
public abstract record RoundEvent(DateTimeOffset At)
{
    /// <summary>The round opened.</summary>
    /// <param name="SettingsDigest">Of its settings, 32 bytes.</param>
    /// <param name="At">When.</param>
    public sealed record Opened(ReadOnlyMemory<byte> SettingsDigest, DateTimeOffset At) : RoundEvent(At);

    /// <summary>A member committed.</summary>
    /// <param name="Worker">Who.</param>
    /// <param name="Commitment">32 bytes.</param>
    /// <param name="At">When.</param>
    public sealed record Committed(WorkerKey Worker, ReadOnlyMemory<byte> Commitment, DateTimeOffset At) : RoundEvent(At);

    /// <summary>No more commitments are taken.</summary>
    /// <param name="At">When.</param>
    public sealed record CommitmentsClosed(DateTimeOffset At) : RoundEvent(At);

    /// <summary>A member revealed what it had committed to.</summary>
    /// <param name="Worker">Who.</param>
    /// <param name="Salt">32 bytes.</param>
    /// <param name="Record">The signed record.</param>
    /// <param name="Gradient">The gradient, sealed.</param>
    /// <param name="At">When.</param>
    public sealed record Revealed(WorkerKey Worker, ReadOnlyMemory<byte> Salt, ReadOnlyMemory<byte> Record, ReadOnlyMemory<byte> Gradient, DateTimeOffset At) : RoundEvent(At)
    {
        /// <summary>Signed records between the worker's last one that was taken and this one, oldest first.</summary>
        public IReadOnlyList<ReadOnlyMemory<byte>> Links { get; init; } = [];
    }

    /// <summary>Evidence vouched for another keyset of a member.</summary>
    /// <param name="Worker">Who.</param>
    /// <param name="Keyset">The keyset, encoded.</param>
    /// <param name="At">When.</param>
    public sealed record Renewed(WorkerKey Worker, ReadOnlyMemory<byte> Keyset, DateTimeOffset At) : RoundEvent(At);

    /// <summary>No more reveals are taken; a validator's word is awaited.</summary>
    /// <param name="At">When.</param>
    public sealed record RevealsClosed(DateTimeOffset At) : RoundEvent(At);

    /// <summary>A validator ended the round.</summary>
    /// <param name="Statement">The signed outcome.</param>
    /// <param name="Aggregate">The encoded aggregate.</param>
    /// <param name="At">When.</param>
    public sealed record Judged(ReadOnlyMemory<byte> Statement, ReadOnlyMemory<byte> Aggregate, DateTimeOffset At) : RoundEvent(At);

    /// <summary>The round is over, with a result that no validator was to judge.</summary>
    /// <param name="At">When.</param>
    public sealed record Closed(DateTimeOffset At) : RoundEvent(At);

    /// <summary>The round is over without one.</summary>
    /// <param name="At">When.</param>
    public sealed record Abandoned(DateTimeOffset At) : RoundEvent(At);
}
