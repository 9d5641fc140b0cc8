namespace Verathos.Simulator.Cases;

/// <summary>The outcome of one case.</summary>
/// <param name="Policy">File name of the policy.</param>
/// <param name="Case">What the case is about.</param>
/// <param name="Expected">What must come out.</param>
/// <param name="Actual">What came out.</param>
/// <param name="Ok">True where they agree.</param>
public sealed record PolicyCaseResult(string Policy, string Case, string Expected, string Actual, bool Ok);
