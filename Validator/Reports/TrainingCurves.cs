namespace Verathos.Validator.Reports;

/// <summary>What a training run's page shows.</summary>
/// <param name="Title">The run's name.</param>
/// <param name="Rounds">In their order.</param>
public sealed record TrainingCurves(string Title, IReadOnlyList<CurveRound> Rounds);
