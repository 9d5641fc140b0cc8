using System.Text.Json;
using Verathos.Validator.State;

namespace Verathos.Validator.Scores;

/// <summary>Scores of an epoch from what is on disk.</summary>
public static class EpochScores
{
    private static readonly JsonSerializerOptions s_parts = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The scores of all nodes that were listed or asked in an epoch: a function of the state and the rules.</summary>
    /// <param name="state">The state.</param>
    /// <param name="epoch">The epoch, whose questions have all ended.</param>
    /// <param name="rules">The numbers.</param>
    public static IReadOnlyList<ScoreRow> Compute(ValidatorState state, long epoch, ScoringRules rules)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(rules);
        ILookup<long, ChallengeRow> challenges = state.Challenges(epoch).ToLookup(static row => row.Node);
        ILookup<long, CanaryRow> canaries = state.Canaries(epoch).ToLookup(static row => row.Node);
        ILookup<long, AuditRow> audits = state.Audits(epoch).ToLookup(static row => row.Node);
        ILookup<long, EventRow> events = state.Events().Where(row => row.Epoch <= epoch).ToLookup(static row => row.Node);
        ILookup<long, ScoreRow> previous = state.Scores(epoch - 1).ToLookup(static row => row.Node);
        NodeRow[] nodes = [.. state.Nodes().Where(node => node.FirstEpoch <= epoch && (node.Listed || challenges.Contains(node.Id) || canaries.Contains(node.Id)))];
        NodeObservation[] observations = [.. nodes.Select(node => NodeObserver.Observe(
            node,
            [.. challenges[node.Id]],
            [.. canaries[node.Id]],
            [.. audits[node.Id]],
            [.. events[node.Id].Where(row => row.Epoch == epoch)],
            StandingOf([.. events[node.Id]], epoch, rules, before => WasClean(state, before, node.Id)),
            AgeBefore(state, node.Id, epoch, rules),
            previous[node.Id].FirstOrDefault()?.ScorePpm ?? 0))];
        IReadOnlyList<NodeScore> scores = Scoring.Epoch(observations, rules);
        IReadOnlyDictionary<string, long> weights = Weights.Normalise(scores.ToDictionary(static score => score.Node, static score => score.ScorePpm), ScoringRules.One);
        return [.. nodes.Select((node, i) => new ScoreRow(epoch, node.Id, (int)scores[i].ScorePpm, (int)weights[node.Name], JsonSerializer.Serialize(new ScoreParts(observations[i], scores[i]), s_parts)))];
    }

    /// <summary>Reads the parts of a stored score.</summary>
    /// <param name="row">The score.</param>
    /// <exception cref="StateException">They are not as this version writes them.</exception>
    public static ScoreParts Parts(ScoreRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        try
        {
            return JsonSerializer.Deserialize<ScoreParts>(row.Parts, s_parts) ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new StateException($"the score of node {row.Node} in epoch {row.Epoch} cannot be read; it was written by another version", e);
        }
    }

    /// <summary>How a node stands at an epoch's end, by what happened to it.</summary>
    /// <param name="events">All that happened to it up to the epoch, in its order.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="rules">The numbers.</param>
    /// <param name="wasClean">Whether it was audited in an epoch and no proof of it failed there.</param>
    internal static StandingKind StandingOf(IReadOnlyList<EventRow> events, long epoch, ScoringRules rules, Func<long, bool> wasClean)
    {
        (StandingKind standing, long? released) = (StandingKind.Active, null);
        foreach (EventRow happened in events)
        {
            (standing, released) = happened.Kind switch
            {
                EventKind.Caught when standing != StandingKind.Banned => (StandingKind.Quarantined, null),
                EventKind.Banned => (StandingKind.Banned, null),
                EventKind.Released => (StandingKind.Active, (long?)happened.Epoch),
                _ => (standing, released),
            };
        }

        if (standing != StandingKind.Active || released is not { } since)
        {
            return standing;
        }

        int clean = 0;
        for (long before = since + 1; before < epoch && clean < rules.ProbationEpochs; before++)
        {
            clean += wasClean(before) ? 1 : 0;
        }

        return WayBack.Standing(rules, clean);
    }

    private static bool WasClean(ValidatorState state, long epoch, long node)
    {
        IReadOnlyList<AuditRow> audits = state.Audits(epoch, node);
        return audits.Any(static row => row.Result == WorkResult.Passed) && audits.All(static row => row.Result != WorkResult.Failed)
            && state.Events(epoch, node).All(static row => row.Kind != EventKind.Caught);
    }

    // When evidence was last accepted before this epoch, as far back as it matters.
    private static DateTimeOffset? AgeBefore(ValidatorState state, long node, long epoch, ScoringRules rules)
    {
        if (state.Epoch(epoch) is not { } row)
        {
            return null;
        }

        for (long before = epoch - 1; before > 0 && state.Epoch(before) is { } earlier && row.StartedAt - earlier.EndsAt < TimeSpan.FromSeconds(rules.StaleEvidenceSeconds); before--)
        {
            if (NodeObserver.LastAccepted(state.Challenges(before, node)) is { } accepted)
            {
                return accepted;
            }
        }

        return null;
    }
}
