using System.Security.Cryptography;
using Verathos.Validator.Audits;
using Verathos.Validator.Scores;
using Verathos.Validator.State;

namespace Verathos.Validator.Reports;

/// <summary>Makes a report from a validator's state.</summary>
/// <param name="state">The state; may be one that was opened to be read.</param>
/// <param name="boundMicro">The bound of the evidence.</param>
/// <param name="banNotice">What is to be said of how bans come about.</param>
/// <param name="revealedSeed">The revealed seed of an epoch, 32 bytes; null where none was revealed.</param>
public sealed class ReportBuilder(ValidatorState state, long boundMicro, string banNotice, Func<long, byte[]?> revealedSeed)
{
    /// <summary>Makes it.</summary>
    /// <param name="at">The time now.</param>
    /// <param name="epochs">How many of the latest epochs to show, at least 1.</param>
    /// <param name="only">The names of the nodes to show; null for all.</param>
    public ValidatorReport Build(DateTimeOffset at, int epochs, IReadOnlySet<string>? only = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        EpochRow[] shown = [.. state.Epochs().OrderByDescending(static epoch => epoch.Number).Take(epochs).OrderBy(static epoch => epoch.Number)];
        NodeRow[] nodes = [.. state.Nodes().Where(node => only?.Contains(node.Name) ?? true).OrderBy(static node => node.Name, StringComparer.Ordinal)];
        HashSet<long> wanted = [.. nodes.Select(static node => node.Id)];
        EpochRows[] rows = [.. shown.Select(epoch => EpochRows.Read(state, epoch, wanted))];
        ILookup<long, EventRow> events = state.Events().ToLookup(static row => row.Node);
        ILookup<long, OutcomeRow> outcomes = state.Outcomes().Where(row => wanted.Contains(row.Node)).ToLookup(static row => row.Node);
        return new ValidatorReport
        {
            At = at,
            Simulated = rows.Any(static row => row.Challenges.Any(static challenge => challenge is { Simulated: true, Result: WorkResult.Passed })),
            BanNotice = banNotice,
            BoundMicro = boundMicro,
            Epochs = [.. rows.Select(row => Epoch(row))],
            OlderEpochs = Math.Max(0, (shown.FirstOrDefault()?.Number ?? 1) - 1),
            Nodes = [.. nodes.Select(node => Node(node, rows, [.. events[node.Id]], [.. outcomes[node.Id]]))],
            Checks = Checks(rows, outcomes),
        };
    }

    private EpochReport Epoch(EpochRows rows) => new()
    {
        Number = rows.Epoch.Number,
        StartedAt = rows.Epoch.StartedAt,
        EndedAt = rows.Epoch.EndedAt,
        SeedCommitment = Convert.ToHexStringLower(rows.Epoch.Commitment),
        RevealedSeed = revealedSeed(rows.Epoch.Number) is { } seed ? Convert.ToHexStringLower(seed) : null,
        ChoiceFollows = revealedSeed(rows.Epoch.Number) is { } revealed ? Follows(rows, revealed) : null,
        Challenges = rows.Challenges.Count(static row => row.State == WorkState.Ended),
        Tier0 = rows.Canaries.Count(static row => row.Result is WorkResult.Passed or WorkResult.Failed),
        Tier1 = rows.Audits.Count(static row => row is { Chosen: true, Result: WorkResult.Passed or WorkResult.Failed }),
        Tier2 = rows.Audits.Count(static row => row is { Chosen: true, Tier: >= 2, Result: WorkResult.Passed or WorkResult.Failed }),
        Tier3 = rows.Canaries.Where(static row => row.ReplicaGroup is not null && row.Result == WorkResult.Passed).GroupBy(static row => row.ReplicaGroup).Where(static group => group.Count() > 1).Sum(static group => group.Count()),
        Chosen = rows.Audits.Count(static row => row.Chosen),
        Skipped = rows.Audits.Count(static row => !row.Chosen),
        ValidatorErrors = rows.Challenges.Count(static row => row.Result == WorkResult.ValidatorError) + rows.Canaries.Count(static row => row.Result == WorkResult.ValidatorError) + rows.Audits.Count(static row => row.Result == WorkResult.ValidatorError),
        Caught = rows.Events.Where(static row => row.Kind == EventKind.Caught).Select(static row => row.Node).Distinct().Count(),
        AnsweredTokens = rows.Canaries.Where(static row => row.Result is WorkResult.Passed or WorkResult.Failed).Sum(static row => (long)row.OutputTokens),
        VerifiedTokens = rows.Scores.Values.Sum(static parts => parts.Parts.Observation.VerifiedTokens),
        Bytes = rows.Canaries.Sum(static row => row.Bytes) + rows.Audits.Sum(static row => row.Bytes) + rows.Challenges.Sum(static row => row.EvidenceBytes),
        JudgedMilliseconds = (long)rows.Audits.Sum(static row => row.Judged.TotalMilliseconds),
    };

    private static bool Follows(EpochRows rows, byte[] seed)
    {
        if (seed.Length != AuditSeed.Size || !CryptographicOperations.FixedTimeEquals(AuditSeed.Commit(rows.Epoch.Number, seed), rows.Epoch.Commitment))
        {
            return false;
        }

        Dictionary<string, byte[]?> digests = rows.Canaries.ToDictionary(static row => Convert.ToHexString(row.Id), static row => row.ReceiptDigest);
        return rows.Audits.All(row => digests.GetValueOrDefault(Convert.ToHexString(row.Canary)) is { } digest && row.Chosen == AuditSeed.Chooses(seed, digest, row.RatePpm));
    }

    private static NodeReport Node(NodeRow node, EpochRows[] rows, List<EventRow> events, List<OutcomeRow> outcomes)
    {
        Dictionary<long, long> evidence = Evidence(events, outcomes);
        return new NodeReport
        {
            Name = node.Name,
            Url = node.Url.OriginalString,
            Status = Word(node.Status),
            StatusReason = node.StatusReason,
            StatusEpoch = node.StatusEpoch,
            Listed = node.Listed,
            ManifestRoot = node.ManifestRoot is { } root ? Convert.ToHexStringLower(root) : null,
            Profile = node.Profile,
            EvidenceMicro = node.Evidence.SumMicro,
            Outcomes = node.Evidence.Checks,
            History = [.. rows.Where(row => row.Epoch.Number >= node.FirstEpoch && row.Knows(node.Id)).Select(row => History(node.Id, row, evidence))],
            Events = [.. events.Select(static row => new NodeEventReport(row.Epoch, row.At, Word(row.Kind), row.Reason, row.Detail, row.Proof))],
        };
    }

    private static NodeEpochReport History(long node, EpochRows rows, Dictionary<long, long> evidence)
    {
        (ScoreRow Row, ScoreParts Parts)? score = rows.Scores.TryGetValue(node, out (ScoreRow, ScoreParts) found) ? found : null;
        NodeObservation? seen = score?.Parts.Observation;
        AuditRow[] audits = [.. rows.Audits.Where(row => row.Node == node)];
        return new NodeEpochReport
        {
            Epoch = rows.Epoch.Number,
            ScorePpm = score?.Row.ScorePpm,
            WeightPpm = score?.Row.WeightPpm,
            Standing = seen is null ? null : Word(seen.Standing),
            Carried = score?.Parts.Score.Carried ?? false,
            Due = seen?.Due ?? 0,
            Answered = seen?.Answered ?? 0,
            AnsweredTokens = seen?.AnsweredTokens ?? 0,
            VerifiedTokens = seen?.VerifiedTokens ?? 0,
            FirstTokenMicros = seen?.FirstTokenMicros,
            TokensPerKilosecond = seen?.TokensPerKilosecond,
            Chosen = audits.Count(static row => row.Chosen),
            Skipped = audits.Count(static row => !row.Chosen),
            EvidenceMicro = evidence.Where(pair => pair.Key <= rows.Epoch.Number).OrderBy(static pair => pair.Key).Select(static pair => pair.Value).LastOrDefault(),
            Losses = score?.Parts.Score.Losses ?? [],
            Failures = seen?.Failures ?? [],
        };
    }

    // The evidence after each epoch: outcomes summed up, restarted at 0, and from 0 after a release.
    private static Dictionary<long, long> Evidence(List<EventRow> events, List<OutcomeRow> outcomes)
    {
        Queue<EventRow> releases = new(events.Where(static row => row.Kind == EventKind.Released).OrderBy(static row => row.AfterOutcome));
        Dictionary<long, long> after = [];
        long sum = 0;
        foreach (OutcomeRow outcome in outcomes.OrderBy(static row => row.Id))
        {
            while (releases.TryPeek(out EventRow? release) && release.AfterOutcome < outcome.Id)
            {
                releases.Dequeue();
                sum = 0;
                after[release.Epoch] = 0;
            }

            sum = Math.Max(0, sum + outcome.WeightMicro);
            after[outcome.Epoch] = sum;
        }

        foreach (EventRow release in releases)
        {
            after[release.Epoch] = 0;
        }

        return after;
    }

    private static List<CheckReport> Checks(EpochRows[] rows, ILookup<long, OutcomeRow> outcomes)
    {
        HashSet<long> epochs = [.. rows.Select(static row => row.Epoch.Number)];
        List<CheckReport> checks =
        [
            Count("evidence", rows.SelectMany(static row => row.Challenges.Select(static one => one.Result))),
            Count("receipt (tier 0)", rows.SelectMany(static row => row.Canaries.Select(static one => one.Result))),
            Count("openings (tier 1)", rows.SelectMany(static row => row.Audits.Where(static one => one is { Chosen: true, Tier: < 2 }).Select(static one => one.Result))),
            Count("openings and replay (tier 2)", rows.SelectMany(static row => row.Audits.Where(static one => one is { Chosen: true, Tier: >= 2 }).Select(static one => one.Result))),
        ];
        checks.AddRange(outcomes.SelectMany(static node => node).Where(row => epochs.Contains(row.Epoch)).GroupBy(static row => row.Test, StringComparer.Ordinal).OrderBy(static test => test.Key, StringComparer.Ordinal)
            .Select(static test => new CheckReport("test " + test.Key, test.Count(static row => row.Passed), test.Count(static row => !row.Passed), 0, 0, 0)));
        return [.. checks.Where(static check => check.Total > 0)];

        static CheckReport Count(string name, IEnumerable<WorkResult?> results)
        {
            Dictionary<WorkResult, int> counts = results.OfType<WorkResult>().GroupBy(static result => result).ToDictionary(static group => group.Key, static group => group.Count());
            return new CheckReport(
                name, counts.GetValueOrDefault(WorkResult.Passed), counts.GetValueOrDefault(WorkResult.Failed), counts.GetValueOrDefault(WorkResult.Unavailable), counts.GetValueOrDefault(WorkResult.Lost),
                counts.GetValueOrDefault(WorkResult.ValidatorError));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum => string.Concat(value.ToString().Select(static (letter, i) => char.IsUpper(letter) && i > 0 ? " " + char.ToLowerInvariant(letter) : char.ToLowerInvariant(letter).ToString()));
}
