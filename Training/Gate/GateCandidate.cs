namespace Verathos.Training.Gate;

/// <summary>A contribution before the gate.</summary>
public sealed record GateCandidate
{
    /// <summary>Who sent it.</summary>
    public required WorkerKey Worker { get; init; }

    /// <summary>The gradient as sent.</summary>
    public required ReadOnlyMemory<byte> Gradient { get; init; }

    /// <summary>The root of the documents that the signed record names, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> ShardRoot { get; init; }

    /// <summary>The root of the documents that the beacon assigns, computed by the one who judges, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> AssignedShardRoot { get; init; }
}
