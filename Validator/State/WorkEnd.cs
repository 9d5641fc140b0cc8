namespace Verathos.Validator.State;

/// <summary>How a challenge, a canary or an audit ended.</summary>
/// <param name="Result">How.</param>
/// <param name="Reason">The check that failed, or what went wrong; null where everything held.</param>
/// <param name="Detail">One sentence without text of prompt or answer.</param>
public sealed record WorkEnd(WorkResult Result, string? Reason = null, string? Detail = null)
{
    /// <summary>Outcomes to weigh, in their order.</summary>
    public IReadOnlyList<NewOutcome> Outcomes { get; init; } = [];

    /// <summary>Events to write down, in their order.</summary>
    public IReadOnlyList<NewEvent> Events { get; init; } = [];
}
