namespace Verathos.Bench.TrainingAttacks;

/// <summary>What the bench runs.</summary>
public sealed record AttackOptions
{
    /// <summary>Rounds of a cell.</summary>
    public int Rounds { get; init; } = AttackBench.Rounds;

    /// <summary>Cells side by side, each on one thread.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>The file of finished cells, one JSON text a line; cells that are in it are not run again.</summary>
    public required string Cells { get; init; }

    /// <summary>Only these attacks; empty for all.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = [];

    /// <summary>Only these aggregators; empty for all.</summary>
    public IReadOnlyList<string> Aggregators { get; init; } = [];

    /// <summary>Only these numbers of bad workers; empty for 2, 4, 6 and 8.</summary>
    public IReadOnlyList<int> Bad { get; init; } = [];

    /// <summary>Only these seeds; empty for 1, 2 and 3.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [];

    /// <summary>No further cell is begun after so long; null for no end.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Told of cells done and cells in all.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
