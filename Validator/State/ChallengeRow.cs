namespace Verathos.Validator.State;

/// <summary>One fetch of evidence for a fresh nonce. While it is not ended, result and times are null.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Node">The node.</param>
/// <param name="DueAt">When it was planned for.</param>
/// <param name="StartedAt">When the nonce was made.</param>
/// <param name="EndedAt">When the verdict was there.</param>
/// <param name="State">How far it is.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Reason">The check that failed, or what went wrong.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="EvidenceBytes">Bytes of the evidence.</param>
/// <param name="Simulated">Whether the evidence is simulated.</param>
public sealed record ChallengeRow(
    long Id, long Epoch, long Node, DateTimeOffset DueAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, WorkState State, WorkResult? Result, string? Reason, string? Detail,
    long EvidenceBytes, bool Simulated);
