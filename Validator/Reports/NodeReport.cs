namespace Verathos.Validator.Reports;

/// <summary>A node and its history.</summary>
public sealed record NodeReport
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its address.</summary>
    public required string Url { get; init; }

    /// <summary>active, quarantined or banned.</summary>
    public required string Status { get; init; }

    /// <summary>The check that put it there.</summary>
    public required string? StatusReason { get; init; }

    /// <summary>The epoch in which it got there.</summary>
    public required long? StatusEpoch { get; init; }

    /// <summary>Whether the latest list of nodes names it.</summary>
    public required bool Listed { get; init; }

    /// <summary>The manifest root of its model, hexadecimal.</summary>
    public required string? ManifestRoot { get; init; }

    /// <summary>The numeric profile.</summary>
    public required string? Profile { get; init; }

    /// <summary>The statistical evidence against it now, in millionths of a nat.</summary>
    public required long EvidenceMicro { get; init; }

    /// <summary>Outcomes in it.</summary>
    public required long Outcomes { get; init; }

    /// <summary>Its epochs, oldest first.</summary>
    public required IReadOnlyList<NodeEpochReport> History { get; init; }

    /// <summary>What happened to it, oldest first.</summary>
    public required IReadOnlyList<NodeEventReport> Events { get; init; }
}
