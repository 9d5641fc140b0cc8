namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>Result of an evaluation.</summary>
/// <param name="Sets">By set.</param>
/// <param name="GeneratedTokens">Tokens that the model wrote.</param>
/// <param name="Elapsed">Time that it took.</param>
public sealed record EvaluationReport(IReadOnlyList<SetScore> Sets, long GeneratedTokens, TimeSpan Elapsed);
