namespace Verathos.Validator.State;

/// <summary>One outcome of one test, as it was weighed.</summary>
/// <param name="Id">Grows in the order in which outcomes were weighed.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Node">The node.</param>
/// <param name="Canary">The canary, or the replay of a training step.</param>
/// <param name="Test">The test, for example "layer" or "toploc".</param>
/// <param name="Number">Which of the canary's outcomes of this test, from 0.</param>
/// <param name="Outcome">The outcome's number in the table.</param>
/// <param name="Passed">Whether the test passed.</param>
/// <param name="WeightMicro">What it weighed, in millionths of a nat; 0 without a table.</param>
/// <param name="TableVersion">Of the table that weighed it; 0 without one.</param>
/// <param name="At">When.</param>
public sealed record OutcomeRow(long Id, long Epoch, long Node, byte[] Canary, string Test, int Number, int Outcome, bool Passed, long WeightMicro, int TableVersion, DateTimeOffset At);
