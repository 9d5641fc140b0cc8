namespace Verathos.Bench.Fleet;

/// <summary>One epoch of a validator over many nodes.</summary>
public sealed record FleetReport
{
    /// <summary>The model and profile of all nodes.</summary>
    public required string Model { get; init; }

    /// <summary>Chose who cheats.</summary>
    public required int Seed { get; init; }

    /// <summary>Nodes, each with keys, prompts, seeds and generation of its own.</summary>
    public required int Nodes { get; init; }

    /// <summary>Processors that all of it had.</summary>
    public required int Processors { get; init; }

    /// <summary>Seconds until all nodes were ready.</summary>
    public required double StartSeconds { get; init; }

    /// <summary>Seconds of the epoch, from its beginning to its scores.</summary>
    public required double EpochSeconds { get; init; }

    /// <summary>Seconds over which canaries were spread; a part of the epoch's.</summary>
    public required int SpreadSeconds { get; init; }

    /// <summary>The greatest resident memory of the process, nodes and validator together, bytes.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Challenges for evidence that were accepted.</summary>
    public required int Challenges { get; init; }

    /// <summary>Canaries planned.</summary>
    public required int Planned { get; init; }

    /// <summary>Canaries answered with a receipt.</summary>
    public required int Answered { get; init; }

    /// <summary>Canaries that were not sent to a node that had been caught.</summary>
    public required int Spared { get; init; }

    /// <summary>Canaries and audits that found no answer, or failed by the validator's fault.</summary>
    public required int Missed { get; init; }

    /// <summary>Canaries that were late and given another time, and sent then.</summary>
    public required int Moved { get; init; }

    /// <summary>Why each of those was missed, a line each.</summary>
    public required IReadOnlyList<string> Misses { get; init; }

    /// <summary>Receipts of which openings were judged.</summary>
    public required int Audited { get; init; }

    /// <summary>Opened layers and rows of logits that were judged.</summary>
    public required int Openings { get; init; }

    /// <summary>Answered tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>Bytes of canaries, evidence and openings for one node, the mean.</summary>
    public required double BytesPerNode { get; init; }

    /// <summary>Milliseconds of judging one audited receipt, the mean.</summary>
    public required double JudgeMilliseconds { get; init; }

    /// <summary>Different keysets among the nodes' receipts; one for each node that answered.</summary>
    public required int Keysets { get; init; }

    /// <summary>Who cheated, and how it ended.</summary>
    public required IReadOnlyList<FleetCheat> Cheats { get; init; }

    /// <summary>Honest nodes that were caught: none may be.</summary>
    public required IReadOnlyList<string> FalselyCaught { get; init; }

    /// <summary>
    /// The limit of canaries that were missed. Missing one is no fault of a node's and costs it nothing; but what is claimed here is that all were asked and
    /// audited, and a validator that moves what is late has no reason to miss any.
    /// </summary>
    public const int MostMissed = 0;

    /// <summary>The limit of seconds that the epoch was to stay within.</summary>
    public const double MostSeconds = 20 * 60;

    /// <summary>The limit of bytes that the memory was to stay within.</summary>
    public const long MostBytes = 8_000_000_000;

    /// <summary>Whether every receipt was audited, every cheat caught and nobody else, within the time and the memory.</summary>
    public bool Passed =>
        Missed <= MostMissed && Audited == Answered && Answered + Spared == Planned && Keysets >= Nodes && Cheats.All(static cheat => cheat.Caught) && FalselyCaught.Count == 0
        && EpochSeconds <= MostSeconds && PeakBytes <= MostBytes;
}
