namespace Verathos.GpuRuntime.Training.Evaluation;

/// <summary>Right answers of a category.</summary>
/// <param name="Category">Name of the category.</param>
/// <param name="Questions">Questions asked.</param>
/// <param name="Right">Of these, answered rightly.</param>
public sealed record CategoryScore(string Category, int Questions, int Right)
{
    /// <summary>Right answers per question, 0 to 1; 0 without questions.</summary>
    public double Score => Questions == 0 ? 0 : (double)Right / Questions;
}
