namespace Verathos.Host.Training;

/// <summary>Where a run is.</summary>
/// <param name="Version">Changes with everything that happens.</param>
/// <param name="Round">The round; 0 before the first.</param>
/// <param name="Phase">waiting, committing, revealing, judging, closed, abandoned or finished.</param>
/// <param name="Deadline">When the phase closes if there is a quorum.</param>
/// <param name="Members">Workers that may contribute to the round; before the first, those that have joined.</param>
/// <param name="Committed">Workers that committed.</param>
/// <param name="Revealed">Workers that revealed.</param>
/// <param name="BaseModelRoot">Root of the model that the round starts from; the final model's once the run is finished.</param>
/// <param name="OutcomeRound">Round of the last outcome that counted; 0 where there is none.</param>
internal sealed record RunProgress(
    ulong Version, ulong Round, string Phase, DateTimeOffset Deadline, int Members, int Committed, int Revealed, ReadOnlyMemory<byte> BaseModelRoot, ulong OutcomeRound)
{
    public const string Waiting = "waiting";
    public const string Finished = "finished";
}
