namespace Verathos.Validator.Reports;

/// <summary>A round on a training run's page.</summary>
/// <param name="Round">Its number.</param>
/// <param name="LossBefore">Held-out loss before it, nats per token; null where it was not measured.</param>
/// <param name="LossAfter">Held-out loss after it.</param>
/// <param name="Workers">What came; empty for a round that was given up.</param>
public sealed record CurveRound(ulong Round, double? LossBefore, double? LossAfter, IReadOnlyList<CurveWorker> Workers);
