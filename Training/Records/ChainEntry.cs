namespace Verathos.Training.Records;

/// <summary>A record with the steps that its steps root is of, so that any one of them can be looked up.</summary>
/// <param name="Signed">The record.</param>
/// <param name="Steps">Its steps in order; whether they are the record's is for the verifier to check.</param>
public sealed record ChainEntry(SignedRecord Signed, IReadOnlyList<TrainingStep> Steps);
