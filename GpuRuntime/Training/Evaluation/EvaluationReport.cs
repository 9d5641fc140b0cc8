namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>A question that was answered wrongly.</summary>
/// <param name="Category">Its category.</param>
/// <param name="Question">The question.</param>
/// <param name="Expected">The expected answer.</param>
/// <param name="Reply">What the model replied.</param>
public sealed record WrongAnswer(string Category, string Question, string Expected, string Reply);

/// <summary>Right answers of a category.</summary>
/// <param name="Category">Name of the category.</param>
/// <param name="Questions">Questions asked.</param>
/// <param name="Right">Of these, answered rightly.</param>
public sealed record CategoryScore(string Category, int Questions, int Right)
{
    /// <summary>Right answers per question, 0 to 1; 0 without questions.</summary>
    public double Score => Questions == 0 ? 0 : (double)Right / Questions;
}

/// <summary>Result of one set.</summary>
/// <param name="Name">Name of the set.</param>
/// <param name="Description">What it measures.</param>
/// <param name="Total">All categories together.</param>
/// <param name="Categories">By category, in the order of the questions.</param>
/// <param name="Wrong">The questions that were answered wrongly.</param>
public sealed record SetScore(
    string Name, string Description, CategoryScore Total, IReadOnlyList<CategoryScore> Categories, IReadOnlyList<WrongAnswer> Wrong);

/// <summary>Result of an evaluation.</summary>
/// <param name="Sets">By set.</param>
/// <param name="GeneratedTokens">Tokens that the model wrote.</param>
/// <param name="Elapsed">Time that it took.</param>
public sealed record EvaluationReport(IReadOnlyList<SetScore> Sets, long GeneratedTokens, TimeSpan Elapsed);
