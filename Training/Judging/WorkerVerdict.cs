using Verathos.Training.Gate;
using Verathos.Training.Impact;
using Verathos.Training.Ratings;

namespace Verathos.Training.Judging;

/// <summary>What a judge says of one contribution.</summary>
public sealed record WorkerVerdict
{
    /// <summary>Who.</summary>
    public required WorkerKey Worker { get; init; }

    /// <summary>What the gate found.</summary>
    public required GateOutcome Gate { get; init; }

    /// <summary>The gate's detail; null where there is none.</summary>
    public required string? Detail { get; init; }

    /// <summary>Why it does not move the model.</summary>
    public required Exclusion Exclusion { get; init; }

    /// <summary>The fall of the held-out loss that the first order promises, in nats per token; 0 for what the gate refused.</summary>
    public required double Promise { get; init; }

    /// <summary>Whether it was to be confirmed.</summary>
    public required ConfirmationReason Confirmation { get; init; }

    /// <summary>The exact losses; null where none were measured.</summary>
    public required PairedLosses? Exact { get; init; }

    /// <summary>What it counts for, in nats per token.</summary>
    public required double Impact { get; init; }

    /// <summary>First-order fall on the worker's own documents.</summary>
    public required double OwnFall { get; init; }

    /// <summary>What that must exceed: the fall on documents that nobody was assigned, and what contributions of others reach on these documents above it.</summary>
    public required double OtherFall { get; init; }

    /// <summary>Rating, gap and lag after the round.</summary>
    public required WorkerScore Score { get; init; }

    /// <summary>The share with which it entered the aggregate, before any clipping.</summary>
    public required double Weight { get; init; }

    /// <summary>Units earned.</summary>
    public required long Units { get; init; }
}
