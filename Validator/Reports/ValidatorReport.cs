namespace Verathos.Validator.Reports;

/// <summary>What a validator has seen and done: the content of every form of the report.</summary>
public sealed record ValidatorReport
{
    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether any accepted evidence was simulated, so that nothing of this protects anybody.</summary>
    public required bool Simulated { get; init; }

    /// <summary>What must be said of how bans come about here.</summary>
    public required string BanNotice { get; init; }

    /// <summary>The bound of the statistical evidence, in millionths of a nat.</summary>
    public required long BoundMicro { get; init; }

    /// <summary>The epochs, oldest first.</summary>
    public required IReadOnlyList<EpochReport> Epochs { get; init; }

    /// <summary>Epochs before the first that is shown.</summary>
    public required long OlderEpochs { get; init; }

    /// <summary>The nodes, by name.</summary>
    public required IReadOnlyList<NodeReport> Nodes { get; init; }

    /// <summary>Checks by how they ended, over all epochs that are shown.</summary>
    public required IReadOnlyList<CheckReport> Checks { get; init; }
}
