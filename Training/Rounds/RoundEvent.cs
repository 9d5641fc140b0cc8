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
    /// <param name="Gradient">The encoded gradient.</param>
    /// <param name="At">When.</param>
    public sealed record Revealed(WorkerKey Worker, ReadOnlyMemory<byte> Salt, ReadOnlyMemory<byte> Record, ReadOnlyMemory<byte> Gradient, DateTimeOffset At) : RoundEvent(At);

    /// <summary>The round is over, with a result.</summary>
    /// <param name="At">When.</param>
    public sealed record Closed(DateTimeOffset At) : RoundEvent(At);

    /// <summary>The round is over without one.</summary>
    /// <param name="At">When.</param>
    public sealed record Abandoned(DateTimeOffset At) : RoundEvent(At);
}
