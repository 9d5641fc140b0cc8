namespace Verathos.Bench.TrainingFaults;

/// <summary>A run that was killed again and again beside one that was not.</summary>
/// <param name="QuietSeconds">Seconds of the run that was not.</param>
/// <param name="Seconds">Seconds of the run that was.</param>
/// <param name="Kills">Kills of each kind of member.</param>
/// <param name="KilledIn">Kills in each phase of a round.</param>
/// <param name="MissedRounds">Rounds that a worker was kept down in, with the worker, from 1; in the other run it did nothing in them.</param>
/// <param name="ModelsEqual">Whether the final models have the same bits.</param>
/// <param name="Records">Records of all workers in the run that was not killed.</param>
/// <param name="RecordsEqual">How many of them the other run has alike, but for times, numbers drawn, signatures, keysets and digests of records before.</param>
/// <param name="Outcomes">Outcomes of the run that was not killed.</param>
/// <param name="OutcomesEqual">How many of them the other run has alike, but for times, signatures and digests of outcomes before.</param>
/// <param name="Replays">Steps that the validator replayed in the killed run, by how that ended.</param>
/// <param name="FirstLoss">Held-out loss before the first round.</param>
/// <param name="LastLoss">Held-out loss after the last one.</param>
/// <param name="Differences">The first differences.</param>
public sealed record FaultPair(
    double QuietSeconds, double Seconds, IReadOnlyDictionary<string, int> Kills, IReadOnlyDictionary<string, int> KilledIn, IReadOnlyList<MissedRound> MissedRounds, bool ModelsEqual, int Records,
    int RecordsEqual, int Outcomes, int OutcomesEqual, IReadOnlyDictionary<string, int> Replays, double? FirstLoss, double? LastLoss, IReadOnlyList<string> Differences)
{
    /// <summary>Whether everything is equal, and there was something to compare.</summary>
    public bool Passed => ModelsEqual && Records > 0 && Records == RecordsEqual && Outcomes > 0 && Outcomes == OutcomesEqual && Differences.Count == 0;
}
