namespace Verathos.Attestation.Policies;

/// <summary>How long a platform that fell behind may go on.</summary>
/// <param name="Grace">How long after the TCB that it lacks was published it is still admitted.</param>
/// <param name="Deadlines">Earlier ends for platforms that an advisory concerns, by the advisory's identifier.</param>
public sealed record TcbRecoveryRule(TimeSpan Grace, IReadOnlyDictionary<string, DateTimeOffset> Deadlines);
