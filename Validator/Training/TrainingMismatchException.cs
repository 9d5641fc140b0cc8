namespace Verathos.Validator.Training;

/// <summary>A check of a model's training fails; the text says by what.</summary>
internal sealed class TrainingMismatchException(string message) : Exception(message);
