namespace Verathos.Validator.Training;

/// <summary>One check of a model's training.</summary>
/// <param name="Name">One of <see cref="TrainingCheckNames"/>.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Detail">What was found.</param>
public sealed record TrainingCheck(string Name, bool Passed, string Detail);
