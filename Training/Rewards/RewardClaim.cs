namespace Verathos.Training.Rewards;

/// <summary>What a round's contribution is paid by.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Impact">By how much it lowers the held-out loss, in nats per token: exact where it was confirmed, else first order; 0 for what the gate refused.</param>
/// <param name="Gap">The worker's moving average of own against random data, -1 to 1.</param>
/// <param name="StepsBehind">Rounds by which its model lags behind.</param>
public readonly record struct RewardClaim(WorkerKey Worker, double Impact, double Gap, int StepsBehind);
