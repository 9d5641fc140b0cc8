namespace Verathos.Validator.Training;

/// <summary>What the check of a model's training found.</summary>
/// <param name="Checks">The checks that were made; the last one is the one that failed, where one did.</param>
/// <param name="Records">Records of the chain.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Profile">The numeric profile of the records; empty where it is not known.</param>
/// <param name="Simulated">True if the records' platform is simulated.</param>
/// <param name="Replay">What was computed again; null where it did not come to that.</param>
public sealed record TrainingVerdict(IReadOnlyList<TrainingCheck> Checks, int Records, int Steps, string Profile, bool Simulated, ReplayReport? Replay)
{
    /// <summary>True only if every check was made and holds.</summary>
    public bool IsAccepted => Checks.Count == TrainingCheckNames.All.Count && Checks.All(static check => check.Passed);

    /// <summary>The check that failed; null where none did.</summary>
    public TrainingCheck? Failure => Checks.FirstOrDefault(static check => !check.Passed);
}
