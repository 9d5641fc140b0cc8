namespace Verathos.Validator.Disputes;

/// <summary>A dispute's end.</summary>
/// <param name="Result">Who is right.</param>
/// <param name="Check">The check that decided: trace, dispute.hashes, dispute.step or the part of a leaf.</param>
/// <param name="Step">The first step that differs; null where none was found.</param>
/// <param name="Layer">The first layer in it that differs, or the number of layers for the logits; null where none was found.</param>
/// <param name="Detail">One sentence.</param>
public sealed record DisputeReport(DisputeResult Result, string Check, long? Step, int? Layer, string Detail);
