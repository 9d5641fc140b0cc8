using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>The outcome that ended a round.</summary>
/// <param name="Statement">The outcome, verified.</param>
/// <param name="Message">The outcome as signed.</param>
/// <param name="Aggregate">The encoded aggregate, whose root the outcome names.</param>
public sealed record RoundOutcome(TrainingOutcome Statement, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Aggregate);
