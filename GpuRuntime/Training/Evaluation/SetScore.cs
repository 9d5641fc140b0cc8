namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>Result of one set.</summary>
/// <param name="Name">Name of the set.</param>
/// <param name="Description">What it measures.</param>
/// <param name="Total">All categories together.</param>
/// <param name="Categories">By category, in the order of the questions.</param>
/// <param name="Wrong">The questions that were answered wrongly.</param>
public sealed record SetScore(
    string Name, string Description, CategoryScore Total, IReadOnlyList<CategoryScore> Categories, IReadOnlyList<WrongAnswer> Wrong);
