namespace Verathos.Host.Training;

/// <summary>Rounds and their deadlines.</summary>
/// <param name="Count">Rounds of the run; one that is given up counts too.</param>
/// <param name="StartWorkers">Workers that have joined before the first round opens.</param>
/// <param name="MostWorkers">More cannot join.</param>
/// <param name="Quorum">Contributions without which a phase does not close at its deadline.</param>
/// <param name="CommitSeconds">From a round's opening to the deadline of commitments: the time that training takes at most.</param>
/// <param name="RevealSeconds">For reveals.</param>
/// <param name="OutcomeSeconds">For each validator's outcome.</param>
/// <param name="PatienceSeconds">How long after a deadline a quorum, or an outcome, is waited for before a round is given up.</param>
/// <param name="AbsentAfter">A worker that missed so many rounds in a row is not waited for any more until it joins again.</param>
/// <param name="OuterRate">What the aggregate is multiplied by before it is subtracted from the model.</param>
public sealed record RunRounds(
    int Count, int StartWorkers, int MostWorkers, int Quorum, double CommitSeconds, double RevealSeconds, double OutcomeSeconds, double PatienceSeconds, int AbsentAfter, double OuterRate)
{
    internal IEnumerable<string> Problems()
    {
        (string Name, bool Valid)[] checks =
        [
            ("rounds.count must be from 1 to 1,000,000", Count is >= 1 and <= 1_000_000),
            ("rounds.quorum must be above 0", Quorum > 0),
            ("rounds.start_workers must not be below rounds.quorum", StartWorkers >= Quorum),
            ("rounds.most_workers must be from rounds.start_workers to 512", MostWorkers >= StartWorkers && MostWorkers <= 512),
            ("rounds.commit_seconds must be above 0 and at most 86,400", IsTime(CommitSeconds)),
            ("rounds.reveal_seconds must be above 0 and at most 86,400", IsTime(RevealSeconds)),
            ("rounds.outcome_seconds must be above 0 and at most 86,400", IsTime(OutcomeSeconds)),
            ("rounds.patience_seconds must be from 0 to 604,800", PatienceSeconds is >= 0 and <= 604_800),
            ("rounds.absent_after must be above 0", AbsentAfter > 0),
            ("rounds.outer_rate must be above 0", OuterRate > 0 && double.IsFinite(OuterRate)),
        ];
        return checks.Where(static check => !check.Valid).Select(static check => check.Name);
    }

    private static bool IsTime(double seconds) => seconds is > 0 and <= 86_400;
}
