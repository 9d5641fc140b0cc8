namespace Verathos.Validator.State;

/// <summary>What became of one receipt: audited, or skipped by the epoch's seed.</summary>
public sealed record AuditRow
{
    /// <summary>The canary whose receipt it is.</summary>
    public required byte[] Canary { get; init; }

    /// <summary>The epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The node.</summary>
    public required long Node { get; init; }

    /// <summary>The share of receipts that was audited when this one came, in millionths.</summary>
    public required int RatePpm { get; init; }

    /// <summary>Why that share: fresh, economics, replica, ...</summary>
    public required string RateReason { get; init; }

    /// <summary>Whether the seed chose it.</summary>
    public required bool Chosen { get; init; }

    /// <summary>1: openings judged by keys. 2: a deep audit with the model as well.</summary>
    public required int Tier { get; init; }

    /// <summary>When the openings are asked for; null where it was skipped.</summary>
    public required DateTimeOffset? DueAt { get; init; }

    /// <summary>When the node may forget what the openings need; null where it was skipped.</summary>
    public required DateTimeOffset? Deadline { get; init; }

    /// <summary>How far it is.</summary>
    public required WorkState State { get; init; }

    /// <summary>How often openings were asked for.</summary>
    public required int Asked { get; init; }

    /// <summary>When the verdict was there.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>How it ended.</summary>
    public required WorkResult? Result { get; init; }

    /// <summary>The check that failed, or what went wrong. Never shown to a node.</summary>
    public required string? Reason { get; init; }

    /// <summary>One sentence.</summary>
    public required string? Detail { get; init; }

    /// <summary>Bytes of the openings.</summary>
    public required long Bytes { get; init; }

    /// <summary>Time that judging took.</summary>
    public required TimeSpan Judged { get; init; }
}
