namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>A question that was answered wrongly.</summary>
/// <param name="Category">Its category.</param>
/// <param name="Question">The question.</param>
/// <param name="Expected">The expected answer.</param>
/// <param name="Reply">What the model replied.</param>
public sealed record WrongAnswer(string Category, string Question, string Expected, string Reply);
