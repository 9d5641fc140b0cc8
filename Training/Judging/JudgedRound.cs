using Verathos.Training.Impact;
using Verathos.Training.Rewards;

namespace Verathos.Training.Judging;

/// <summary>What a judge made of a round.</summary>
/// <param name="Round">The round.</param>
/// <param name="Verdicts">One of each contribution, in the order of the workers' keys.</param>
/// <param name="Aggregate">The update; zero where nothing moves the model.</param>
/// <param name="Weights">The next round's base model, flat.</param>
/// <param name="Losses">The held-out losses of the base model and of the next one.</param>
/// <param name="Rewards">What is paid.</param>
/// <param name="State">With which the next round is judged.</param>
public sealed record JudgedRound(
    ulong Round, IReadOnlyList<WorkerVerdict> Verdicts, SparseVector Aggregate, float[] Weights, PairedLosses Losses, RewardSplit Rewards, JudgeState State);
