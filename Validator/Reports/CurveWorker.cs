namespace Verathos.Validator.Reports;

/// <summary>A contribution on a training run's page.</summary>
/// <param name="Name">The worker.</param>
/// <param name="Losses">Its loss at every inner step, as its record gives them.</param>
/// <param name="Verdict">What was found; "accepted" where nothing was.</param>
/// <param name="Impact">By how much it lowers the held-out loss, nats per token; null where that was not measured.</param>
/// <param name="Units">What it is paid.</param>
public sealed record CurveWorker(string Name, IReadOnlyList<float> Losses, string Verdict, double? Impact, long Units);
