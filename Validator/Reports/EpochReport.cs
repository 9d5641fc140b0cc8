namespace Verathos.Validator.Reports;

/// <summary>An epoch over all nodes.</summary>
public sealed record EpochReport
{
    /// <summary>Its number.</summary>
    public required long Number { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was closed; null while it runs.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>The commitment to the seed that the choice of audits follows from, hexadecimal.</summary>
    public required string SeedCommitment { get; init; }

    /// <summary>The seed, revealed when the epoch was closed, hexadecimal; null before that.</summary>
    public required string? RevealedSeed { get; init; }

    /// <summary>Whether the seed is the one that was committed to and every choice of an audit follows from it; null before it was revealed.</summary>
    public required bool? ChoiceFollows { get; init; }

    /// <summary>Challenges for evidence that ended.</summary>
    public required int Challenges { get; init; }

    /// <summary>Receipts whose every byte was checked (tier 0).</summary>
    public required int Tier0 { get; init; }

    /// <summary>Receipts of which openings were judged (tier 1).</summary>
    public required int Tier1 { get; init; }

    /// <summary>Receipts that were also computed again to a depth (tier 2).</summary>
    public required int Tier2 { get; init; }

    /// <summary>Canaries that a second validator or the majority of replicas was asked about (tier 3).</summary>
    public required int Tier3 { get; init; }

    /// <summary>Receipts that the seed chose to audit.</summary>
    public required int Chosen { get; init; }

    /// <summary>Receipts that the seed chose to skip.</summary>
    public required int Skipped { get; init; }

    /// <summary>Questions that failed by the validator's own fault.</summary>
    public required int ValidatorErrors { get; init; }

    /// <summary>Nodes of which a proof failed.</summary>
    public required int Caught { get; init; }

    /// <summary>Tokens of answers to canaries.</summary>
    public required long AnsweredTokens { get; init; }

    /// <summary>Those that were verified.</summary>
    public required long VerifiedTokens { get; init; }

    /// <summary>Bytes of canaries, openings and evidence.</summary>
    public required long Bytes { get; init; }

    /// <summary>Milliseconds that judging openings took.</summary>
    public required long JudgedMilliseconds { get; init; }
}
