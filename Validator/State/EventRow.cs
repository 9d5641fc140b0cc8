namespace Verathos.Validator.State;

/// <summary>Something that happened to a node.</summary>
/// <param name="Id">Grows with time.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Node">The node.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Reason">The check, or the reason given by hand.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="Canary">The canary, where one was the cause.</param>
/// <param name="Proof">The file name of a portable proof in the folder "proofs"; null without one.</param>
/// <param name="AfterOutcome">The latest outcome before it.</param>
public sealed record EventRow(long Id, long Epoch, long Node, DateTimeOffset At, EventKind Kind, string Reason, string Detail, byte[]? Canary, string? Proof, long AfterOutcome);
