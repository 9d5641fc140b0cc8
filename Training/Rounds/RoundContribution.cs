using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>What a member contributed to a closed round.</summary>
/// <param name="Worker">Who.</param>
/// <param name="CommitOrder">Its place among the commitments, from 0.</param>
/// <param name="Record">The record, verified.</param>
/// <param name="Message">The record as signed.</param>
/// <param name="Gradient">The encoded gradient, whose root the record names.</param>
public sealed record RoundContribution(WorkerKey Worker, long CommitOrder, TrainingRecord Record, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Gradient);
