namespace Verathos.Attestation.Collateral.Cache;

/// <summary>What became of a document that was offered to a cache.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Which of its kind.</param>
/// <param name="Channel">The line of TCB evaluations; empty for kinds that have none.</param>
/// <param name="Stored">True where the cache holds it now.</param>
/// <param name="Failure">Why it does not.</param>
/// <param name="Problem">The same in words; null where it is stored.</param>
public sealed record StoreOutcome(CollateralKind Kind, string Name, string Channel, bool Stored, FetchFailure Failure, string? Problem);
