namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>Questions that are scored together.</summary>
/// <param name="Name">Name of the set.</param>
/// <param name="Description">What the set measures.</param>
/// <param name="Questions">The questions.</param>
public sealed record EvaluationSet(string Name, string Description, IReadOnlyList<EvaluationQuestion> Questions);
