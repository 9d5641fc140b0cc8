namespace Verathos.Bench.TrainingAttacks;

/// <summary>What came of a cell.</summary>
public sealed record AttackResult
{
    /// <summary>The cell.</summary>
    public required AttackCell Cell { get; init; }

    /// <summary>Rounds that were run; fewer than asked for where the loss was no number any more.</summary>
    public required int Rounds { get; init; }

    /// <summary>The final loss on 65,536 tokens that nothing else looked at, in nats per token; null where it is no number.</summary>
    public required double? FinalLoss { get; init; }

    /// <summary>The same before the first round.</summary>
    public required double StartLoss { get; init; }

    /// <summary>How likely the final model takes the backdoor's token after its trigger; null for other attacks.</summary>
    public double? Backdoor { get; init; }

    /// <summary>Of the bad: each check, how often it caught one, in how many workers, and in which rounds for the first and for the last time.</summary>
    public IReadOnlyList<AttackCaught> Caught { get; init; } = [];

    /// <summary>The same of honest workers: each of these is a mistake.</summary>
    public IReadOnlyList<AttackCaught> Mistakes { get; init; } = [];

    /// <summary>Honest contributions that were judged.</summary>
    public int HonestContributions { get; init; }

    /// <summary>Contributions of the bad that moved the model.</summary>
    public int BadAccepted { get; init; }

    /// <summary>Contributions of the bad.</summary>
    public int BadContributions { get; init; }

    /// <summary>Units of the honest workers, in the order of their numbers.</summary>
    public IReadOnlyList<long> HonestUnits { get; init; } = [];

    /// <summary>Units of the bad ones.</summary>
    public IReadOnlyList<long> BadUnits { get; init; } = [];

    /// <summary>Processor time, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>What the best paid bad worker earned, as a share of an honest worker's mean; null where nothing was paid.</summary>
    public double? MostEarned => BadUnits.Count > 0 && HonestUnits.Sum() > 0 ? BadUnits.Max() / HonestUnits.Average() : null;
}
