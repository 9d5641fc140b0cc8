namespace Verathos.Bench.Evidence;

/// <summary>A figure that the verifier is meant to reach.</summary>
/// <param name="Evidence">Format and source.</param>
/// <param name="Goal">What is demanded.</param>
/// <param name="Measured">The median that was measured.</param>
/// <param name="Holds">Whether it is reached.</param>
public sealed record EvidenceGoal(string Evidence, string Goal, double Measured, bool Holds);
