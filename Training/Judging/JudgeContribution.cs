using Verathos.Training.Gate;

namespace Verathos.Training.Judging;

/// <summary>What one worker sent, before the judge.</summary>
/// <param name="Candidate">For the gate.</param>
/// <param name="Documents">The documents that the beacon assigns to the worker; at least one.</param>
/// <param name="StepsBehind">Rounds by which its model lags behind; 0 where its record names the round's model.</param>
public sealed record JudgeContribution(GateCandidate Candidate, IReadOnlyList<int> Documents, int StepsBehind = 0);
