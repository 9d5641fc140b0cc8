namespace Verathos.Validator.State;

/// <summary>An epoch. Times are in UTC.</summary>
/// <param name="Number">From 1 without gaps.</param>
/// <param name="Commitment">SHA-256 commitment to the seed that the audit choice follows from, 32 bytes.</param>
/// <param name="Plan">What was planned, as JSON: the settings of the epoch.</param>
/// <param name="FirstNumber">The first of the numbers that its canaries are drawn by.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndsAt">When its last canary is due at the latest.</param>
/// <param name="EndedAt">When it was closed and its seed revealed; null while it runs.</param>
public sealed record EpochRow(long Number, byte[] Commitment, string Plan, long FirstNumber, DateTimeOffset StartedAt, DateTimeOffset EndsAt, DateTimeOffset? EndedAt);
