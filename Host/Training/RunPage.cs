using System.Text;
using Verathos.Protocol.Receipts;
using Verathos.Training.Rounds;
using Verathos.Validator.Reports;

namespace Verathos.Host.Training;

/// <summary>The page of a run's loss curves, written anew after every round.</summary>
internal sealed class RunPage(string path, RunFile run)
{
    private readonly List<CurveRound> _rounds = [];

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Takes a round that is over out of a coordinator's folder.</summary>
    public void Take(CoordinatorStore store, ulong round)
    {
        IReadOnlyList<RoundEvent> events = store.EventsOf(round);
        RoundSettings settings = store.Begun(round).Settings;
        TrainingRound replayed = new(settings, TimeProvider.System, static _ => throw new InvalidDataException("the round is not over"), events);
        if (replayed.Result is { Outcome: { } outcome } result)
        {
            Take(outcome.Statement, result.Contributions);
        }
        else
        {
            _rounds.Add(new CurveRound(round, null, null, []));
            Write();
        }
    }

    /// <summary>Takes what a round came to.</summary>
    public void Take(TrainingOutcome outcome, IReadOnlyList<RoundContribution> contributions)
    {
        Dictionary<string, OutcomeVerdict> verdicts = outcome.Verdicts.ToDictionary(static verdict => Convert.ToHexString(verdict.Worker.Span));
        _rounds.Add(new CurveRound(outcome.Round, outcome.Losses?.Before, outcome.Losses?.After,
        [
            .. contributions.Select(one =>
            {
                OutcomeVerdict verdict = verdicts[Convert.ToHexString(one.Worker.Bytes)];
                return new CurveWorker(one.Worker.ToString()[..12], one.Record.Losses, verdict.Verdict, verdict.Impact, (long)verdict.Units);
            }),
        ]));
        Write();
    }

    private void Write() => DurableFile.Write(Path, Encoding.UTF8.GetBytes(TrainingPage.Write(new TrainingCurves(run.Name, _rounds))));
}
