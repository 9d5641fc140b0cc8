namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>A question with the answers that count as right.</summary>
/// <param name="Category">Group under which the result is counted.</param>
/// <param name="Question">The question, sent as the only user message.</param>
/// <param name="Answers">The accepted answers, at least one.</param>
public sealed record EvaluationQuestion(string Category, string Question, IReadOnlyList<string> Answers);
