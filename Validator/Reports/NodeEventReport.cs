namespace Verathos.Validator.Reports;

/// <summary>Something that happened to a node.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="At">When.</param>
/// <param name="Kind">caught, bound reached, banned, released, ...</param>
/// <param name="Reason">The check, or the reason given by hand.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="Proof">The file name of a portable proof; null without one.</param>
public sealed record NodeEventReport(long Epoch, DateTimeOffset At, string Kind, string Reason, string Detail, string? Proof);
