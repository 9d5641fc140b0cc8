using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Validator.Reports;

/// <summary>All rows of one epoch that a report shows.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Challenges">Of the nodes that are shown.</param>
/// <param name="Canaries">Of the nodes that are shown.</param>
/// <param name="Audits">Of the nodes that are shown.</param>
/// <param name="Events">Of the nodes that are shown.</param>
/// <param name="Scores">By the node's number; empty while the epoch runs.</param>
internal sealed record EpochRows(
    EpochRow Epoch,
    IReadOnlyList<ChallengeRow> Challenges,
    IReadOnlyList<CanaryRow> Canaries,
    IReadOnlyList<AuditRow> Audits,
    IReadOnlyList<EventRow> Events,
    IReadOnlyDictionary<long, (ScoreRow Row, ScoreParts Parts)> Scores)
{
    public static EpochRows Read(ValidatorState state, EpochRow epoch, HashSet<long> nodes) => new(
        epoch,
        [.. state.Challenges(epoch.Number).Where(row => nodes.Contains(row.Node))],
        [.. state.Canaries(epoch.Number).Where(row => nodes.Contains(row.Node))],
        [.. state.Audits(epoch.Number).Where(row => nodes.Contains(row.Node))],
        [.. state.Events(epoch.Number).Where(row => nodes.Contains(row.Node))],
        state.Scores(epoch.Number).Where(row => nodes.Contains(row.Node)).ToDictionary(static row => row.Node, static row => (row, EpochScores.Parts(row))));

    /// <summary>Whether anything of the node is in it.</summary>
    public bool Knows(long node) => Scores.ContainsKey(node) || Challenges.Any(row => row.Node == node) || Canaries.Any(row => row.Node == node);
}
