namespace Verathos.Bench.Detection;

/// <summary>The largest perturbation of one kind that passes, and what it does to greedy tokens.</summary>
/// <param name="Kind">What is changed.</param>
/// <param name="Size">How much, in the kind's unit.</param>
/// <param name="Openings">Openings of perturbed layers judged at that size.</param>
/// <param name="Passed">Of them.</param>
/// <param name="Steps">Steps compared.</param>
/// <param name="Flips">Of them, whose highest logit is another token's.</param>
public sealed record ToleranceRow(string Kind, double Size, long Openings, long Passed, long Steps, long Flips);
