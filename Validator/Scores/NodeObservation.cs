namespace Verathos.Validator.Scores;

/// <summary>What one validator saw of one node in one epoch: all that its score is made from.</summary>
public sealed record NodeObservation
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The model that it served and how: nodes are compared with others of the same manifest root and numeric profile only. Empty where it served none.</summary>
    public required string Model { get; init; }

    /// <summary>How it stands.</summary>
    public required StandingKind Standing { get; init; }

    /// <summary>Challenges for evidence, canaries and requests for openings, less those that failed by the validator's own fault.</summary>
    public required long Due { get; init; }

    /// <summary>How many of those were answered in time.</summary>
    public required long Answered { get; init; }

    /// <summary>How many of <see cref="Due"/> were canaries.</summary>
    public required long CanariesDue { get; init; }

    /// <summary>Canaries that failed by the validator's own fault, or that it did not send. They are in none of the numbers above.</summary>
    public required long CanariesExcused { get; init; }

    /// <summary>Tokens of the answers to canaries that arrived, as counted in receipts.</summary>
    public required long AnsweredTokens { get; init; }

    /// <summary>Of those, tokens of answers whose receipts hold and of which no audit failed or was lost.</summary>
    public required long VerifiedTokens { get; init; }

    /// <summary>Microseconds to the first token, the median of the node's verified answers; null without any.</summary>
    public required long? FirstTokenMicros { get; init; }

    /// <summary>Tokens in a thousand seconds from the first token on, the median of the node's verified answers; null where none was long enough.</summary>
    public required long? TokensPerKilosecond { get; init; }

    /// <summary>Seconds from the last time that the node's evidence was accepted to the latest challenge that it did not pass; 0 where it passed the latest.</summary>
    public required long EvidenceAgeSeconds { get; init; }

    /// <summary>Checks that did not pass.</summary>
    public required IReadOnlyList<FailedCheck> Failures { get; init; }

    /// <summary>The node's score of the epoch before; 0 without one.</summary>
    public required long PreviousScorePpm { get; init; }
}
