namespace Verathos.Validator.State;

/// <summary>An outcome that is to be weighed.</summary>
/// <param name="Test">The test.</param>
/// <param name="Number">Which of the canary's outcomes of this test.</param>
/// <param name="Outcome">Its number in the test's table.</param>
/// <param name="Passed">Whether the test passed.</param>
/// <param name="WeightMicro">What the table gives it; 0 without a table.</param>
/// <param name="TableVersion">Of the table; 0 without one, and the outcome is then no check of the detector's.</param>
public sealed record NewOutcome(string Test, int Number, int Outcome, bool Passed, long WeightMicro, int TableVersion);
