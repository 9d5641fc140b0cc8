namespace Verathos.Validator.Scores;

/// <summary>A node's score of one epoch and its factors, all in millionths.</summary>
public sealed record NodeScore
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The score, from 0 to 1,000,000.</summary>
    public required long ScorePpm { get; init; }

    /// <summary>Verified tokens over answered ones.</summary>
    public required long TokensPpm { get; init; }

    /// <summary>Time to the first token against the model's median.</summary>
    public required long LatencyPpm { get; init; }

    /// <summary>Tokens a second against the model's median.</summary>
    public required long ThroughputPpm { get; init; }

    /// <summary>Age of the evidence.</summary>
    public required long EvidencePpm { get; init; }

    /// <summary>Answered over due.</summary>
    public required long AvailabilityPpm { get; init; }

    /// <summary>What the node's standing leaves of a score.</summary>
    public required long StandingPpm { get; init; }

    /// <summary>Whether the score is the last epoch's, because every question of this one failed by the validator's own fault.</summary>
    public required bool Carried { get; init; }

    /// <summary>The median time to the first token of the model's nodes, microseconds; null where too few were measured to compare.</summary>
    public required long? MedianFirstTokenMicros { get; init; }

    /// <summary>The median of tokens in a thousand seconds of the model's nodes; null where too few were measured to compare.</summary>
    public required long? MedianTokensPerKilosecond { get; init; }

    /// <summary>Why it is not 1,000,000: what was lost sums to the difference.</summary>
    public required IReadOnlyList<ScoreLoss> Losses { get; init; }
}
