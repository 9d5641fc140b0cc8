namespace Verathos.Attestation.Policies;

/// <summary>How long a platform that fell behind may go on.</summary>
/// <param name="Grace">How long after the TCB that it lacks was published it is still admitted.</param>
/// <param name="AdvisoryDeadlines">Earlier ends for platforms that an advisory concerns, by the advisory's identifier.</param>
/// <param name="DateDeadlines">Earlier ends for platforms whose TCB is older than a TCB date, by that date.</param>
public sealed record TcbRecoveryRule(
    TimeSpan Grace, IReadOnlyDictionary<string, DateTimeOffset> AdvisoryDeadlines, IReadOnlyDictionary<DateTimeOffset, DateTimeOffset> DateDeadlines);
