namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>One fact asked in one wording.</summary>
/// <param name="Category">Subject of the fact.</param>
/// <param name="Fact">Name of the fact, the same in every wording; a sum and its swapped form are one fact.</param>
/// <param name="Wording">Name of the wording, the same for every fact of the category.</param>
/// <param name="Text">The question as a person writes it.</param>
/// <param name="Answer">The expected answer.</param>
/// <param name="Reply">The whole reply that the model is trained to give, ending in the answer.</param>
public sealed record Question(Category Category, string Fact, string Wording, string Text, string Answer, string Reply);
