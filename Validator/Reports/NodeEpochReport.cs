using Verathos.Validator.Scores;

namespace Verathos.Validator.Reports;

/// <summary>A node in one epoch. Where the epoch runs there is no score yet.</summary>
public sealed record NodeEpochReport
{
    /// <summary>The epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The score in millionths; null before the epoch was closed.</summary>
    public required long? ScorePpm { get; init; }

    /// <summary>Its share of the weights in millionths.</summary>
    public required long? WeightPpm { get; init; }

    /// <summary>How it stood: active, quarantined, probation or banned.</summary>
    public required string? Standing { get; init; }

    /// <summary>Whether the score is the last epoch's, because of the validator's own errors.</summary>
    public required bool Carried { get; init; }

    /// <summary>Questions that counted.</summary>
    public required long Due { get; init; }

    /// <summary>How many were answered.</summary>
    public required long Answered { get; init; }

    /// <summary>Tokens of its answers.</summary>
    public required long AnsweredTokens { get; init; }

    /// <summary>Those that were verified.</summary>
    public required long VerifiedTokens { get; init; }

    /// <summary>The median time to its first token, microseconds.</summary>
    public required long? FirstTokenMicros { get; init; }

    /// <summary>Its median tokens in a thousand seconds.</summary>
    public required long? TokensPerKilosecond { get; init; }

    /// <summary>Receipts that the seed chose to audit.</summary>
    public required int Chosen { get; init; }

    /// <summary>Receipts that the seed chose to skip.</summary>
    public required int Skipped { get; init; }

    /// <summary>The statistical evidence at the epoch's end, in millionths of a nat.</summary>
    public required long EvidenceMicro { get; init; }

    /// <summary>Why it lost points.</summary>
    public required IReadOnlyList<ScoreLoss> Losses { get; init; }

    /// <summary>Checks that did not pass.</summary>
    public required IReadOnlyList<FailedCheck> Failures { get; init; }
}
