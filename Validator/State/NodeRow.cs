using Verathos.Fingerprint.Statistics;

namespace Verathos.Validator.State;

/// <summary>A node as this validator knows it.</summary>
public sealed record NodeRow
{
    /// <summary>The number that other rows name it by.</summary>
    public required long Id { get; init; }

    /// <summary>Its name in the list of nodes; unique.</summary>
    public required string Name { get; init; }

    /// <summary>Its address.</summary>
    public required Uri Url { get; init; }

    /// <summary>The identity that its evidence must bind, as text; null where the list names none.</summary>
    public required string? Identity { get; init; }

    /// <summary>Whether the latest list of nodes names it.</summary>
    public required bool Listed { get; init; }

    /// <summary>The epoch in which it was first seen.</summary>
    public required long FirstEpoch { get; init; }

    /// <summary>How it stands.</summary>
    public required NodeStatus Status { get; init; }

    /// <summary>The check that put it there; null for an active node that never was elsewhere.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The epoch of the latest change of status.</summary>
    public required long? StatusEpoch { get; init; }

    /// <summary>The keyset that it showed when it was caught last, 32 bytes; null where it never was.</summary>
    public required byte[]? CaughtKeyset { get; init; }

    /// <summary>The statistical evidence against it.</summary>
    public required EDetector Evidence { get; init; }

    /// <summary>The manifest root that it was attested with last, 32 bytes.</summary>
    public required byte[]? ManifestRoot { get; init; }

    /// <summary>The numeric profile that it was attested with last.</summary>
    public required string? Profile { get; init; }

    /// <summary>The boot that it was attested with last, 16 bytes.</summary>
    public required byte[]? BootId { get; init; }

    /// <summary>The keyset that it was attested with last, 32 bytes.</summary>
    public required byte[]? KeysetDigest { get; init; }

    /// <summary>Everything is audited until the end of this epoch: the node, its quote or its profile is new.</summary>
    public required long FreshUntilEpoch { get; init; }
}
