using Verathos.Validator.State;

namespace Verathos.Validator.Scores;

/// <summary>Counts what the state holds of one node and epoch, by the rules of docs/scoring.md on whose fault is whose.</summary>
internal static class NodeObserver
{
    private const int LeastTokensForThroughput = 4;

    /// <summary>Counts.</summary>
    /// <param name="node">The node.</param>
    /// <param name="challenges">Its challenges of the epoch.</param>
    /// <param name="canaries">Its canaries of the epoch.</param>
    /// <param name="audits">What became of their receipts.</param>
    /// <param name="events">What happened to it in the epoch.</param>
    /// <param name="standing">How it stands.</param>
    /// <param name="acceptedBefore">When its evidence was last accepted before the epoch; null where that is too long ago or never was.</param>
    /// <param name="previousScore">Its score of the epoch before.</param>
    public static NodeObservation Observe(
        NodeRow node,
        IReadOnlyList<ChallengeRow> challenges,
        IReadOnlyList<CanaryRow> canaries,
        IReadOnlyList<AuditRow> audits,
        IReadOnlyList<EventRow> events,
        StandingKind standing,
        DateTimeOffset? acceptedBefore,
        long previousScore)
    {
        WorkResult?[] asked = [.. challenges.Select(static row => Ending(row.State, row.Result)), .. canaries.Select(static row => Ending(row.State, row.Result)), .. audits.Where(static row => row.Chosen).Select(static row => Ending(row.State, row.Result))];
        HashSet<string> doubted = [.. audits.Where(static row => row.Result is WorkResult.Failed or WorkResult.Lost).Select(static row => Convert.ToHexString(row.Canary))];
        CanaryRow[] answered = [.. canaries.Where(static row => row.Result is WorkResult.Passed or WorkResult.Failed)];
        CanaryRow[] verified = [.. canaries.Where(row => row.Result == WorkResult.Passed && !doubted.Contains(Convert.ToHexString(row.Id)))];
        CanaryRow? model = verified.LastOrDefault(static row => row.ManifestRoot is not null);
        return new NodeObservation
        {
            Node = node.Name,
            Model = (model?.ManifestRoot ?? node.ManifestRoot) is { } root ? $"{Convert.ToHexStringLower(root)} {model?.Profile ?? node.Profile}" : "",
            Standing = standing,
            Due = asked.Count(static result => IsDue(result)),
            Answered = asked.Count(static result => IsDue(result) && result != WorkResult.Unavailable),
            CanariesDue = canaries.Count(static row => IsDue(Ending(row.State, row.Result))),
            CanariesExcused = canaries.Count(static row => !IsDue(Ending(row.State, row.Result))),
            AnsweredTokens = answered.Sum(static row => (long)row.OutputTokens),
            VerifiedTokens = verified.Sum(static row => (long)row.OutputTokens),
            FirstTokenMicros = Median.Of(verified.Where(static row => row.TimeToFirstToken is not null).Select(static row => (long)row.TimeToFirstToken!.Value.TotalMicroseconds)),
            TokensPerKilosecond = Median.Of(verified.Select(static row => Throughput(row)).OfType<long>()),
            EvidenceAgeSeconds = Age(challenges, acceptedBefore),
            Failures = Failures(challenges, canaries, audits, events),
            PreviousScorePpm = previousScore,
        };
    }

    /// <summary>When evidence was last accepted.</summary>
    public static DateTimeOffset? LastAccepted(IReadOnlyList<ChallengeRow> challenges) =>
        challenges.Where(static row => row.Result == WorkResult.Passed).Max(static row => row.EndedAt);

    // What was planned or begun and has no end at the epoch's close was left by the validator.
    private static WorkResult? Ending(WorkState state, WorkResult? result) => state switch
    {
        WorkState.Skipped => null,
        WorkState.Ended => result,
        _ => WorkResult.ValidatorError,
    };

    private static bool IsDue(WorkResult? result) => result is not (null or WorkResult.ValidatorError);

    private static long? Throughput(CanaryRow row) =>
        row.OutputTokens >= LeastTokensForThroughput && row is { Elapsed: { } elapsed, TimeToFirstToken: { } first } && elapsed > first
            ? (row.OutputTokens - 1) * 1_000_000_000L / Math.Max(1, (long)(elapsed - first).TotalMicroseconds)
            : null;

    private static long Age(IReadOnlyList<ChallengeRow> challenges, DateTimeOffset? acceptedBefore)
    {
        DateTimeOffset? missed = challenges.Where(static row => row.Result is WorkResult.Unavailable or WorkResult.Failed).Max(static row => (DateTimeOffset?)(row.EndedAt ?? row.DueAt));
        DateTimeOffset? accepted = LastAccepted(challenges) ?? acceptedBefore;
        return missed is not { } at || accepted >= at ? 0
            : accepted is { } last ? (long)(at - last).TotalSeconds
            : long.MaxValue;
    }

    private static List<FailedCheck> Failures(IReadOnlyList<ChallengeRow> challenges, IReadOnlyList<CanaryRow> canaries, IReadOnlyList<AuditRow> audits, IReadOnlyList<EventRow> events)
    {
        List<(WorkResult? Result, string Reason)> all =
        [
            .. challenges.Select(static row => (Ending(row.State, row.Result), row.Reason ?? "validator.unfinished")),
            .. canaries.Select(static row => (Ending(row.State, row.Result), row.Reason ?? "validator.unfinished")),
            .. audits.Where(static row => row.Chosen).Select(static row => (Ending(row.State, row.Result), row.Reason ?? "validator.unfinished")),
        ];
        List<FailedCheck> failures =
        [
            .. all.Where(static one => one.Result is not (null or WorkResult.Passed))
                .GroupBy(static one => (one.Reason, one.Result))
                .Select(static group => new FailedCheck(group.Key.Reason, group.Key.Result == WorkResult.ValidatorError ? FaultOf.Validator : FaultOf.Node, group.Key.Result == WorkResult.Failed, group.LongCount())),
        ];

        // What convicts without being one of the questions: two receipts with one counter, a keyset of another node.
        foreach (IGrouping<string, EventRow> caught in events.Where(static row => row.Kind == EventKind.Caught).GroupBy(static row => row.Reason))
        {
            if (!failures.Any(failure => failure.IsProof && failure.Check == caught.Key))
            {
                failures.Add(new FailedCheck(caught.Key, FaultOf.Node, true, caught.LongCount()));
            }
        }

        return [.. failures.OrderByDescending(static failure => failure.IsProof).ThenBy(static failure => failure.Check, StringComparer.Ordinal)];
    }
}
