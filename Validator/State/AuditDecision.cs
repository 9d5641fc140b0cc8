namespace Verathos.Validator.State;

/// <summary>Whether a receipt is audited.</summary>
/// <param name="RatePpm">The share in force, in millionths.</param>
/// <param name="RateReason">Why that share.</param>
/// <param name="Chosen">Whether the epoch's seed chose it.</param>
/// <param name="Tier">1 or 2.</param>
/// <param name="DueAt">When openings are asked for; null where it was not chosen.</param>
/// <param name="Deadline">When the node may forget; null where it was not chosen.</param>
public sealed record AuditDecision(int RatePpm, string RateReason, bool Chosen, int Tier, DateTimeOffset? DueAt, DateTimeOffset? Deadline);
