namespace Verathos.Bench.TrainingFaults;

/// <summary>What is run and how often it is killed.</summary>
public sealed record FaultOptions
{
    /// <summary>How the program is started: a file and its first arguments.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>The folder in which runs are made; it must not be there, or be empty.</summary>
    public required string Folder { get; init; }

    /// <summary>Rounds of a run.</summary>
    public required int Rounds { get; init; }

    /// <summary>Seed of kills and of missed rounds.</summary>
    public required int Seed { get; init; }

    /// <summary>Workers.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>Seconds between kills, in the mean.</summary>
    public double Between { get; init; } = 2;

    /// <summary>The most kills in one round, so that a machine on which starting takes longer than <see cref="Between"/> gets on.</summary>
    public int PerRound { get; init; } = 2;

    /// <summary>Rounds that a worker misses in the second pair of runs; 0 leaves that pair out.</summary>
    public int Missed { get; init; } = 2;

    /// <summary>Seconds to the deadline of commitments in the second pair of runs.</summary>
    public double Deadline { get; init; } = 30;

    /// <summary>The share of contributions of which a step is replayed.</summary>
    public double ReplayShare { get; init; } = 0.5;

    /// <summary>Is told what goes on, with how many rounds of how many.</summary>
    public Action<string, int, int>? Progress { get; init; }
}
