using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;

namespace Verathos.Training.Rounds;

/// <summary>What a member contributed to a closed round.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Record">The record, verified.</param>
/// <param name="Message">The record as signed.</param>
/// <param name="Keyset">The keyset under which the record is signed.</param>
/// <param name="Links">Records between the worker's last one that was taken and this one, oldest first.</param>
/// <param name="Gradient">The gradient as it was revealed: sealed to the validators, who check that it has the root that the record names.</param>
public sealed record RoundContribution(
    WorkerKey Worker, TrainingRecord Record, ReadOnlyMemory<byte> Message, Keyset Keyset, IReadOnlyList<ReadOnlyMemory<byte>> Links, ReadOnlyMemory<byte> Gradient);
